# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: ICOUNT=shift=4,sleep=off LIMIT=90
# A hog with 5 minutes of CPU time, whose points 2.6.32 divides by 6, beside young
# ones with 200 MiB reserved and 8 MiB used. At 62 MIPS, or it would take an hour.
role young:10 sshd hog-old:300
/opt/lab/oomlab await
watch cpu-rich ''
judge cpu-rich
