#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: leak.py MB_PER_S [heap|shm|sockets]: takes 1.5 GiB, in memory of its own, in
files of /dev/shm, or in the buffers of sockets that nobody reads."""
import os
import socket
import sys
import time


def heap(block, _):
    return block + b'y'


def shm(block, number):
    with open(f'/dev/shm/leak-{os.getpid()}-{number}', 'wb') as file:
        file.write(block)


def sockets(block, _):
    pairs = []
    left = len(block)
    while left > 0:
        pair = socket.socketpair()
        pair[0].setblocking(False)
        try:
            while True:
                left -= pair[0].send(block[:65536])
        except BlockingIOError:
            pairs.append(pair)
    return pairs


take = {'heap': heap, 'shm': shm, 'sockets': sockets}[(sys.argv + ['heap'])[2]]
mebibyte = b'x' * (1 << 20)
held = []
for i in range(1536):
    held.append(take(mebibyte, i))
    time.sleep(1 / float(sys.argv[1]))
time.sleep(1e6)
