# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: SWAP=disk LIMIT=60 TIMEOUT=1200
# A leak whose memory is locked: swap is free to the end, but what it takes cannot go
# out to it.
#   may die:   hog
#   must live: db, sshd, beat
override hog-locked:100 'LimitMEMLOCK=infinity'
bystanders
watch locked-swap hog-locked:100
info "locked-swap: SwapFree at least $(value locked-swap swap_min_kib) KiB, below 5 % for $(value locked-swap low_ms) ms, beat gap $(value locked-swap beat_max_gap_ms) ms"
judge_culprit locked-swap
