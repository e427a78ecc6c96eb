# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=90 TIMEOUT=1200
# A tmpfs fills until 95 MiB are available. No process holds its memory, and the death
# of the one that fills it gives nothing back. One death ends the emergency.
#   may die:   java, whose score for what it holds is the greatest (old holds more, but
#              has used much CPU time), old or filler
#   must live: node, which only reserves more, database, family, sshd, beat
mount -o remount,size=100% /dev/shm
servers
watch tmpfs-fill tmpfs:100
judge_only tmpfs-fill 'java old filler'
lost=$(record tmpfs-fill loss.lost_kib) grew=$(record tmpfs-fill loss.shmem_grew_kib)
check 'tmpfs-fill: the record says that shared memory grew' "by ${grew:-nothing} of ${lost:-nothing} KiB" \
  [ "${grew:-0}" -gt $((${lost:-0} / 2)) ]
rm -f /dev/shm/fill
