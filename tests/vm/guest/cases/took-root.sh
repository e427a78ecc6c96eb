# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1200
# A leak of root at 50 MB/s; 2.6.32 divides the points of root by 4 or 16.
#   may die:   hog
#   must live: java, node, database, old, family, sshd, beat
servers
override hog-leak:50 User=root
watch took-root hog-leak:50
judge_only took-root hog
