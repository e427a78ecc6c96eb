# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1200
# Four services run a program of one name, each with shared memory of its own. One of
# them grows, by 50 MB/s, and is the smallest at first.
#   may die:   hog, which is the one that grows
#   must live: the other stores, java, node, sshd, beat
role store:150 store:151 store:152 java node sshd beat; settle
watch two-shm hog-store:50
judge_culprit two-shm store
is 'two-shm: one store is signalled' "$(signalled two-shm | counted)" store
