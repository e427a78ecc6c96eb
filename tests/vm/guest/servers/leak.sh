#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Children that each write one file of 1 MiB to /dev/shm.
i=0
while head -c 1048576 /dev/zero > "/dev/shm/leak-$$-$i"; do
  i=$((i + 1))
  sleep 0.02
done
