# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1200
# Thirty workers grow together, each with a name of its own: nothing but their cgroup
# says that they belong together.
#   may die:   hog and master, processes of that service
#   must live: db, java, node, database, sshd, beat
neighbours
watch named-workers hog-named:50
judge_culprit named-workers 'worker-[0-9]*'
