# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# A fork storm whose members have lost their parents: init has adopted them.
bystanders
watch orphans hog-orphans:8
judge_only orphans 'hog forker'
check 'orphans: all of them die' "$(value orphans hogs_dead) of $(value orphans hogs)" [ "$(value orphans hogs_dead)" -ge 50 ]
info "orphans: below 5 % for $(value orphans low_ms) ms"
