# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1200
# A database whose five backends fill its shared buffers and grow themselves: two
# thirds of what is lost are shared memory of one service.
#   may die:   hog and master, processes of that service
#   must live: db, java, node, database, sshd, beat
neighbours
watch shared-buffers hog-buffers:60
judge_culprit shared-buffers
