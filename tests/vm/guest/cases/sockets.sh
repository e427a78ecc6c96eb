# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1200
# A service fills the buffers of socket pairs, 50 MB/s: memory of the kernel, of which
# no process shows anything.
#   may die:   hog
#   must live: db, java, node, database, sshd, beat
neighbours
watch sockets hog-sockets:50
judge_culprit sockets
