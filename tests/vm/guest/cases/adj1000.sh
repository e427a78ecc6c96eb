# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# A small service that volunteered (oom_score_adj 1000: points << 15) beside a
# leak at 0. Its death would give back nothing.
override sidecar:10 OOMScoreAdjust=1000
role sidecar:10; bystanders
watch adj1000 hog-leak:100
judge adj1000
check 'adj1000: the record says that sidecar was passed over' "$(record adj1000 passed_over)" \
  eval 'record adj1000 passed_over | grep -q sidecar'
