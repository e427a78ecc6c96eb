# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# A leak in shared memory of its own, beside four processes with a common segment
# that is larger for most of the time.
role pg:4 sshd beat; sleep 3
watch memfd hog-memfd:100
judge memfd
