# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=90 TIMEOUT=1200
# Eight workers of a preloaded parent write, and so copy, the 180 MiB that they were
# forked with: a garbage collection after the fork. What they map does not grow.
#   may die:   hog, workers of that family
#   must live: master, which preloaded it, java, node, database, old, family, sshd, beat
role hog-copies:180; servers
watch copies ''
judge_only copies hog
info "copies: $(value copies hogs_dead) of $(value copies hogs) workers died"
