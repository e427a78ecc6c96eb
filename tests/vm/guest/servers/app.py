# SPDX-License-Identifier: GPL-2.0-only
"""A WSGI application with 150 MiB that preloaded workers share; /leak makes one
worker grow by 1.5 GiB and answers with its process ID."""
import os
import threading
import time

shared = bytearray(os.urandom(1 << 20)) * 150
leaked = []


def leak():
    for _ in range(1536):
        leaked.append(b'x' * (1 << 20))
        time.sleep(0.01)


def app(environ, start_response):
    if environ['PATH_INFO'] == '/leak':
        threading.Thread(target=leak, daemon=True).start()
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'%d\n' % os.getpid()]
