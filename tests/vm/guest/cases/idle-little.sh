# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=120
# What it costs to watch 100 idle processes with about half of 1 GiB available.
role "sleepers:${arg:-100}" sidecar:320 sshd
info "idle-little: $(($(available) >> 10)) MiB available"
watch idle ''
