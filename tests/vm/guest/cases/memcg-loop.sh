# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=60 TIMEOUT=1200
# The kernel kills a container's processes at the container's own limit, ten times a
# second, and meanwhile another service leaks: the kernel does nothing for the machine.
#   may die:   hog; the container's children, by the kernel
#   must live: db, sshd, beat, cgloop
bystanders
override cgloop 'MemoryMax=8M'
role cgloop; sleep 10
watch memcg-loop hog-leak:100
us=$(to_signal_us memcg-loop)
info "memcg-loop: $(value memcg-loop kernel_oom_kills) kernel kills, threshold to signal ${us:-none} us, below 5 % for $(value memcg-loop low_ms) ms"
is 'memcg-loop: only the hog dies' "$(victims memcg-loop)" hog
is 'memcg-loop: badnessd kills the hog' "$(signalled memcg-loop | counted)" hog
check 'memcg-loop: the kernel kills in the container' "$(value memcg-loop kernel_oom_kills)" [ "$(value memcg-loop kernel_oom_kills)" -ge 10 ]
check 'memcg-loop: within 300 ms' "$us us" [ "${us:-9999999}" -le 300000 ]
