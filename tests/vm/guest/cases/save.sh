# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1200
# A store of 600 MiB forks to save itself, as Redis does, and writes on at 100 MB/s:
# each page that it writes is copied. What the two map does not grow.
#   may die:   hog, the fork that saves: its death gives the copies back
#   must live: store, java, node, old, database, family, sshd, beat
role hog-save:600; servers
sleep 30  # what the servers took at their start is not what is lost now
watch save ''
judge_only save hog
