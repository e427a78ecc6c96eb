# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1200
# A leak of 50 KiB/s has left about 140 MiB after 700 s; then another process starts
# that takes 110 MiB, and crosses the threshold of about 100 MiB.
#   may die:   hog
#   must live: pusher, java, node, database, old, family, sshd, beat
servers
slow=hog-slow:$((($(available) >> 10) - 170))
role "$slow"; sleep 700
info "hours: $(($(available) >> 10)) MiB available after 700 s of $slow"
watch hours pusher:90
judge_only hours hog
check 'hours: the pusher lives' "died: $(victims hours)" alive pusher:90
