# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# The kernel kills in a cgroup with a limit of its own just before the trigger
# holds: that is reported, and is no reason to leave the machine to the hog.
bystanders
override cgleak:9 'MemoryMax=16M'
role cgleak:9
watch memcg-kill hog-leak:100
died=$(victims memcg-kill)
check 'memcg-kill: cgleak by the kernel, then the hog' "$died" [ "$died" = 'cgleak hog' ]
is 'memcg-kill: one kernel OOM kill' "$(value memcg-kill kernel_oom_kills)" 1
check 'memcg-kill: the record names the hog' "$(record memcg-kill sentence)" [ "$(record memcg-kill victim.comm)" = hog ]
check 'memcg-kill: the kernel kill is in the log' 'nothing about the kernel' log_has 'kernel'
