# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: SWAP=disk ICOUNT=shift=2,sleep=on IO=throttling.iops-total=1000,throttling.bps-total=60000000 LIMIT=90 TIMEOUT=2400
# thrash beside an endless loop at nice 19: some process computes always, so that
# nothing counts as a full stall.
#   may die:   hog
#   must live: db, sshd, beat, spin
bystanders
role spin
watch thrash-busy hog-thrash
info "thrash-busy: full stalls $(value thrash-busy psi_full_ms), some $(value thrash-busy psi_some_ms) of $(value thrash-busy end_ms) ms, dead at $(value thrash-busy all_dead_ms) ms"
judge_culprit thrash-busy
info "thrash-busy: worst ten seconds: $(worst_stalls thrash-busy)"
