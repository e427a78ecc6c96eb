# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=900 TIMEOUT=1800
# The leak of the case took at 2 MB/s: it lasts about ten minutes.
#   may die:   hog
#   must live: java, node, database, old, family, sshd, beat
servers
watch took-slow hog-leak:2
judge_only took-slow hog
