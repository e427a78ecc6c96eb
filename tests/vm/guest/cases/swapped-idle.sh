# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: SWAP=disk LIMIT=40
# A working set larger than memory, written once and then idle: low MemAvailable
# and much swap in use, but nobody waits for anything.
bystanders
watch swapped-idle idleset:40
nobody swapped-idle
