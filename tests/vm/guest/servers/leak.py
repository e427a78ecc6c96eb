#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: leak.py MB_PER_S: grows to 1.5 GiB."""
import sys
import time

held = []
for _ in range(1536):
    held.append(b'x' * (1 << 20))
    time.sleep(1 / float(sys.argv[1]))
time.sleep(1e6)
