#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: smoke.sh [BADNESSD]
# The daemon in its unit, in a guest, under real exhaustion: leak, kill, the right
# victim, the record, reload, watchdog, sandbox. Under 6 minutes, and 3 more the
# first time, for the image. Exit code 77: not possible here, and it says why.
here=$(cd "$(dirname "$0")" && pwd)
export VM="${VM:-$here/../../build/vm}" BADNESSD="${1:-${BADNESSD:-$here/../../build/badnessd}}"
skip() { echo "skipped: $1"; exit 77; }
missing() {  # PACKAGE-OF-COMMAND...: those that are not here
  for pair; do command -v "${pair#*:}" >/dev/null || printf ' %s' "${pair%%:*}"; done
}
need=$(missing qemu-system-x86:qemu-system-x86_64 gcc:gcc)
[ -z "$need" ] || skip "no guest without:$need (Debian packages)"
[ "$(uname -m)" = x86_64 ] || skip 'the guest is made for x86_64'
! grep -qE '__asan_init|__ubsan_handle' "$BADNESSD" || skip 'a build with sanitizers does not run in the guest'
if [ ! -s "$VM/root.ext4" ]; then
  need=$(missing mmdebstrap:mmdebstrap e2fsprogs:mke2fs apt:apt-get)
  [ -z "$need" ] || skip "no image of the guest without:$need (Debian packages)"
  [ "$(id -u)" = 0 ] || skip "only root can build the image of the guest: sudo tests/vm/build-image.sh $VM"
fi
# With an image that is there, the tools to renew it need not be.
if [ -z "$(missing mmdebstrap:mmdebstrap)" ] && [ "$(id -u)" = 0 ]; then
  mkdir -p "$VM"
  "$here/build-image.sh" "$VM" > "$VM/build.log" 2>&1 || { tail "$VM/build.log"; skip 'the image of the guest cannot be built here'; }
fi
TIMEOUT=${TIMEOUT:-600} exec "$here/run.sh" sandbox+leak+reload+watchdog badnessd "$VM/out/smoke"
