#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: servers.sh [DAEMON...]
# Real servers beside one that takes the memory, in guests of 2 GiB without swap
# (default: with badnessd and earlyoom); prints a Markdown table of who dies. By
# hand: build-image.sh --servers makes the image, each cell takes some minutes.
# environment: SCENARIOS="python php ..." (default all), and that of run.sh
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- badnessd earlyoom
: "${SCENARIOS:=python python-root query java php make worker shm shm-shell sockets}"
export VM="${VM:-$(realpath "$here/../..")/build/vm-servers}" MEM=2048 LIMIT="${LIMIT:-90}" TIMEOUT="${TIMEOUT:-1800}" NICE="${NICE:-10}"
label() {
  case $1 in
  python) echo 'a Python service, 100 MB/s to 1.5 GiB' ;;
  python-root) echo 'the same as root, 50 MB/s' ;;
  query) echo 'one query of one PostgreSQL session, 1.5 GiB' ;;
  java) echo 'a Java service to 1.3 GiB' ;;
  php) echo 'a PHP script, 50 MB/s, beside MariaDB, Prometheus and the JVM' ;;
  make) echo '`make -j10` of compilers, 220 MiB each' ;;
  worker) echo 'one of four preloaded gunicorn workers, 1.5 GiB' ;;
  shm) echo 'a Python service, files of 1 MiB in /dev/shm, 50 MB/s' ;;
  shm-shell) echo 'a shell whose children write files of 1 MiB to /dev/shm' ;;
  sockets) echo 'a Python service, buffers of socket pairs, 50 MB/s' ;;
  *) echo "$1" ;;
  esac
}
row='| what takes the memory |' line='|---|'
for daemon; do row="$row $daemon kills, in order |" line="$line---|"; done
echo "$row"; echo "$line"
for s in $SCENARIOS; do
  row="| $(label "$s") |"
  for daemon; do
    out=$VM/out/servers/$s-$daemon
    rm -rf "$out" && mkdir -p "$out"
    ARG=$s "$here/run.sh" servers/table "$daemon" "$out" > "$out/run.log" 2>&1
    row="$row $(cat "$out/died.txt" 2>/dev/null || echo "no result, see $out/run.log") |"
  done
  echo "$row"
done
