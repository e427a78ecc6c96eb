# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=90 TIMEOUT=1200
# A service fills a tmpfs, 100 MB/s. Its process holds none of that memory, and its death
# gives nothing back: memory stays short until somebody removes the file.
#   may die:   filler
#   must live: old, which holds the most, java, node, database, family, sshd, beat
mount -o remount,size=100% /dev/shm
servers
watch tmpfs-fill tmpfs:100
judge_only tmpfs-fill filler
check 'tmpfs-fill: the record says what the cgroup took' "$(record tmpfs-fill sentences)" \
  grep -q tmpfs "$out/tmpfs-fill.last-kill.json"
rm -f /dev/shm/fill
