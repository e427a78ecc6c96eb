# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: SWAP=disk LIMIT=90 ICOUNT=shift=1,sleep=on
# Four compilers at a time, together larger than memory: it swaps, but gets on.
bystanders
watch build build:40
nobody build
check 'build: no job is killed' "$(value build jobs_killed) of $(value build jobs)" [ "$(value build jobs_killed)" = 0 ]
check 'build: it gets on' 'no job ended' [ "$(value build jobs)" -gt 0 ]
info "build: $(value build jobs) jobs"
info "build: worst ten seconds: $(worst_stalls build)"
