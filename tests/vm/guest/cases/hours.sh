# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1200
# A leak of some KiB/s has left about 170 MiB after 700 s; then another process starts,
# takes 70 of its 120 MiB, and so crosses the threshold of about 100 MiB.
#   may die:   hog
#   must live: pusher, java, node, database, old, family, sshd, beat
servers
slow=hog-slow:$((($(available) >> 10) - 200))
role "$slow"; sleep 700
info "hours: $(($(available) >> 10)) MiB available after 700 s of $slow"
watch hours pusher:120
judge_only hours hog
check 'hours: the pusher lives' "died: $(victims hours)" alive pusher:120
