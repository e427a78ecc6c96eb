# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1800
# A leak beside 5,000 idle processes (ARG): what a decision costs with many.
#   may die:   hog
#   must live: the idle ones, db, sshd, beat
role "sleepers:${arg:-5000}"
bystanders
sleep 60
watch many hog-leak:100
judge many
