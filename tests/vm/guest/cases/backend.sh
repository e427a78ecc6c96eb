# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=60 TIMEOUT=1200
# One of five backends of a database leaks at 50 MB/s and keeps touching the shared
# buffers of 128 MiB, which all five map.
#   may die:   hog, which is that backend
#   must live: database (the master and the other four), java, node, old, family,
#              sshd, beat
servers hog-backend:50
watch backend ''
judge_only backend hog
