# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1200
# root reserves huge pages at run time, until less than 3.7 % of the rest are available,
# above half of the limit: memory that is no process's.
#   must live: all
override hugepages:37 'User=root'
neighbours
watch hugepages hugepages:37
grep -E '^(MemTotal|MemAvailable|Hugetlb):' /proc/meminfo > "$out/hugepages.meminfo"
info "hugepages: $(tr -s ' \n' ' ' < "$out/hugepages.meminfo")"
check 'hugepages: memory was short' "$(cat "$out/hugepages.meminfo")" eval \
  'awk "{ kib[\$1] = \$2 } END { exit kib[\"MemAvailable:\"] * 20 >= kib[\"MemTotal:\"] - kib[\"Hugetlb:\"] }" "$out/hugepages.meminfo"'
is 'hugepages: no process dies' "$(signalled hugepages | counted)" ''
no_kernel_kill hugepages
info "hugepages: $(why hugepages none)"
echo 0 > /proc/sys/vm/nr_hugepages
