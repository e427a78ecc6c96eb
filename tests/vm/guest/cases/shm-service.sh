# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=2400
# A service fills /dev/shm with files of 1 MiB, first itself, then by a shell whose
# short-lived children write them. The files stay when it has died: memory stays
# short, but no death brings it back.
#   may die:   hog, or the shell (hog) and its children
#   must live: db, java, node, database, sshd, beat, for 20 s after that
mount -o remount,size=100% /dev/shm
linger=20
for kind in shm:50 shell; do
  fresh; neighbours
  watch "shm-service-${kind%:*}" "hog-$kind"
  judge_culprit "shm-service-${kind%:*}" 'sh|head|sleep'
  rm -f /dev/shm/hog-*
done
linger=1
