# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=40 TIMEOUT=1200
# A program whose main thread has exited leaks in its second thread: it shows as a
# zombie without memory.
#   may die:   hog
#   must live: java, node, database, old, family, sshd, beat
servers
watch dead-leader hog-thread:100
judge_only dead-leader hog
