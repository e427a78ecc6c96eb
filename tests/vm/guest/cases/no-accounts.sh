# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=2400 APPEND=cgroup_disable=memory
# Without memory cgroups: a leak, a storm and a leak beside servers. A /dev/shm that
# fills is no process's then.
#   may die:   hog, forker
#   must live: all others
check 'no-accounts: there are none' "$(cat /sys/fs/cgroup/cgroup.controllers)" eval '! grep -q memory /sys/fs/cgroup/cgroup.controllers'
bystanders
watch no-accounts-leak hog-leak:100
judge_culprit no-accounts-leak
fresh; bystanders
watch no-accounts-fork hog-fork:10
judge_storm no-accounts-fork
fresh; neighbours
watch no-accounts-took hog-leak:50
judge_culprit no-accounts-took
fresh; neighbours
mount -o remount,size=100% /dev/shm
watch no-accounts-shm tmpfs-low:100
is 'no-accounts: above half of the limit no process dies for files' "$(signalled no-accounts-shm | counted)" ''
info "no-accounts-shm: MemAvailable at least $(value no-accounts-shm avail_min_kib) KiB"
rm -f /dev/shm/fill
badnessd check > "$out/no-accounts.check" 2>&1
check 'no-accounts: check says so' "$(tail -n 5 "$out/no-accounts.check")" grep -qi 'cgroup' "$out/no-accounts.check"
