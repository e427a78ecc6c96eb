# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1200
# A memfd is written, 50 MB/s, and never mapped. It goes with its process.
#   may die:   hog
#   must live: db, java, node, database, sshd, beat
neighbours
watch unmapped hog-unmapped:50
judge_culprit unmapped
