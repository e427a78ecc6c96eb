#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: distributions.sh [SUITE...]
# The commands of README.md (install, test, package) as they stand, in a minimal
# chroot of each of Debian's suites (default: bookworm trixie testing); warnings
# are errors. Prints a line for each, and the end of the log if one failed.
# Needs root and mmdebstrap; about a quarter of an hour for each on two processors.
# environment: CACHE=~/.cache/badnessd: keeps the chroots (for a week), the
#   packages and the logs
#   CMAKE_BUILD_TYPE=Release  STEPS='install test package'
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/badnessd}
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
mkdir -p "$cache"

# SUITE: the chroot in $work/SUITE, with the sources in /badnessd.
unpack() {
  local tar=$cache/$1.tar
  if [ -z "$(find "$tar" -mtime -7 2>/dev/null)" ]; then
    # A frozen mirror has an old date, but the same signature.
    mmdebstrap --mode=root --variant=apt \
      --aptopt='Acquire::Check-Valid-Until "false"' \
      --dpkgopt=force-unsafe-io "$1" "$work/new.tar"
    mv "$work/new.tar" "$tar"
  fi
  mkdir -p "$work/$1/badnessd" "$cache/archives.$1/partial"
  tar -xf "$tar" -C "$work/$1"
  cp -L /etc/resolv.conf "$work/$1/etc/"
  git -C "$top" ls-files -co --exclude-standard -z |
    tar -C "$top" --null -T - --ignore-failed-read -c | tar -x -C "$work/$1/badnessd"
}

# SUITE COMMANDS: in the chroot, with processes and mounts of its own.
# shellcheck disable=SC2016
inside() {
  unshare --mount --pid --fork --kill-child bash -euc '
    root=$1 archives=$2
    mount --make-rprivate /
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    mount --bind "$archives" "$root/var/cache/apt/archives"
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
      LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive CXXFLAGS=-Werror \
      ${CMAKE_BUILD_TYPE:+CMAKE_BUILD_TYPE=$CMAKE_BUILD_TYPE} \
      CTEST_PARALLEL_LEVEL="$(nproc)" bash -euxc "cd /badnessd; $3"' \
    inside "$work/$1" "$cache/archives.$1" "$2"
}

failed=0
[ $# -gt 0 ] || set -- bookworm trixie testing
for suite; do
  log=$cache/$suite.log line=$suite rc=0
  unpack "$suite" >"$log" 2>&1 || rc=$? line+=': no chroot'
  for step in ${STEPS:-install test package}; do
    [ "$rc" = 0 ] || break
    start=$SECONDS
    inside "$suite" "$("$here/readme.sh" "$step")" >>"$log" 2>&1 </dev/null || rc=$?
    line+=": $step exits with $rc after $((SECONDS - start)) s"
  done
  if [ "$rc" = 0 ]; then
    line+=": g++ $(inside "$suite" 'g++ -dumpfullversion' 2>/dev/null)"
    line+=", depends on $(inside "$suite" 'dpkg-query -Wf "\${Depends}" badnessd' 2>/dev/null)"
  else
    failed=1
    tail -n 40 "$log"
  fi
  echo "$line"
  rm -rf --one-file-system "${work:?}/$suite"
done
exit $failed
