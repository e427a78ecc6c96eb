# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1200
# Thirty workers of a server under load grow by some 25 MiB each: together they take
# most of the memory, and none of them what is needed.
#   may die:   hog, workers of the pool
#   must live: master, java, node, database, old, family, sshd, beat
role hog-pool:32; servers
watch pool ''
judge_only pool hog
info "pool: $(value pool hogs_dead) of $(value pool hogs) workers died; the record: $(record pool pool)"
