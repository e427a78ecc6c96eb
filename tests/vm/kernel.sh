#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: kernel.sh SUITE DIR [PACKAGE]
# Unpacks a kernel of Debian's SUITE: DIR/vmlinuz and DIR/modules/VERSION, and
# does nothing if it is there. Needs apt-get, whose own sources it leaves alone.
# PACKAGE (default linux-image-cloud-ARCH) is one that depends on the newest
# kernel.
# environment: ARCH=amd64  MIRROR=http://deb.debian.org/debian
set -e
[ $# -ge 2 ] || { sed -n 's/^# \{0,1\}//; 3,8p' "$0"; exit 2; }
suite=$1 dir=$2 arch=${ARCH:-amd64}
package=${3:-linux-image-cloud-$arch}
[ ! -d "$dir" ] || exit 0
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
mkdir -p "$work/etc/apt.conf.d" "$work/etc/preferences.d" "$work/lists/partial" "$work/cache/archives/partial" "$(dirname "$dir")"
: > "$work/status"
echo "deb ${MIRROR:-http://deb.debian.org/debian} $suite main" > "$work/etc/sources.list"
# A frozen mirror has an old date, but the same signature.
cat > "$work/apt.conf" <<END
Dir::Etc "$work/etc/";
Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d/";
Dir::State::lists "$work/lists/";
Dir::State::status "$work/status";
Dir::Cache "$work/cache/";
APT::Architecture "$arch";
APT::Architectures "$arch";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
END
export APT_CONFIG="$work/apt.conf"
needs() { apt-cache depends "$1" | sed -nE "s/^ *Depends: (linux-$2-.*)/\\1/p"; }
apt-get -qq update
image=$(needs "$package" image)
# Since Linux 7 what boots and the modules are packages of their own.
parts=$(needs "$image" '(base|binary|modules)')
cd "$work"
# shellcheck disable=SC2086
apt-get -qq download $image $parts
for deb in *.deb; do dpkg-deb -x "$deb" unpacked; done
mkdir new
find unpacked -name 'vmlinuz*' -exec mv {} new/vmlinuz \;
mv "$(find unpacked -type d -path '*lib/modules')" new/
cd "$OLDPWD"
mv "$work/new" "$dir"
