# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1200
# Forty processes of one service touch the same 64 MiB and have as much in page tables
# each, as the backends of a PostgreSQL with large buffers and without huge pages.
#   may die:   hog and master, processes of that service
#   must live: db, java, node, database, sshd, beat
neighbours
watch pagetables hog-pagetables:80
judge_culprit pagetables
