#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: build-image.sh [--servers] [--suite SUITE] [OUTDIR]
# Builds the guest from packages of Debian's SUITE (default bookworm):
# OUTDIR/root.ext4 and OUTDIR/vmlinuz (default build/vm, else build/vm-SUITE).
# Needs root, mmdebstrap, apt-get, e2fsprogs; about 3 minutes, and nothing if it
# is there already.
# --servers adds the real servers that servers.sh needs (bookworm only; default
# build/vm-servers, the kernel of build/vm if that is there; needs gcc too).
# KERNEL names another kernel package, KERNEL_DIR one that kernel.sh unpacked;
# ARCH=arm64 needs to be able to run programs of that architecture.
set -e
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build
suite=bookworm name=vm size=1G sources=
export ARCH="${ARCH:-amd64}"
while :; do
  case $1 in
  --servers)
    name=vm-servers size=3G sources="$here/guest/servers/Service.java $here/guest/servers/cc1.c"
    [ ! -d "$build/vm/kernel" ] || : "${KERNEL_DIR=$(realpath "$build/vm/kernel")}"
    shift ;;
  --suite) suite=$2; [ "$suite" = bookworm ] || name=vm-$suite; shift 2 ;;
  *) break ;;
  esac
done
out=${1:-$build/$name}
mkdir -p "$out" && cd "$out"
# What boots, what the cases use, and where they were measured the peers (nohang
# needs Python).
packages=systemd,systemd-sysv,dbus,kmod,udev,procps,util-linux,python3-minimal,libpython3-stdlib,strace,curl,jq
[ "$suite.$ARCH" != bookworm.amd64 ] || packages=$packages,earlyoom,nohang,systemd-oomd,oomd
[ -z "$sources" ] || packages=$packages,postgresql-15,mariadb-server,redis-server,nginx-light,gunicorn,make,\
openjdk-17-jdk-headless,nodejs,php-cli,prometheus
# shellcheck disable=SC2086
sum=$(cat "$here/build-image.sh" "$here/guest/lab.service" $sources | sha256sum)$suite$ARCH
if [ -s root.ext4 ] && [ -s vmlinuz ] && [ "$(cat stamp 2>/dev/null)" = "$sum" ]; then exit 0; fi

if [ "$(cat rootfs.packages 2>/dev/null)" != "$suite $ARCH $packages" ]; then
  # A frozen mirror has an old date, but the same signature.
  mmdebstrap --variant=minbase --architectures="$ARCH" --include="$packages" \
    --aptopt='Acquire::Check-Valid-Until "false"' \
    --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "$suite" new.tar
  mv new.tar rootfs.tar && echo "$suite $ARCH $packages" > rootfs.packages
fi
rm -rf root && mkdir root && tar -xf rootfs.tar -C root

# NVMe and ext4 are built into the cloud kernel, so no initramfs; zram is the only
# module.
kernel=${KERNEL_DIR:-$PWD/kernel}
# shellcheck disable=SC2086
"$here/kernel.sh" "$suite" "$kernel" $KERNEL
cp "$kernel/vmlinuz" new.vmlinuz
ver=$(ls "$kernel/modules")
for m in drivers/block/zram mm crypto lib; do
  mkdir -p "root/usr/lib/modules/$ver/kernel/$m"
  [ ! -d "$kernel/modules/$ver/kernel/$m" ] || cp -r "$kernel/modules/$ver/kernel/$m/." "root/usr/lib/modules/$ver/kernel/$m/"
done
cp "$kernel/modules/$ver"/modules.builtin* "$kernel/modules/$ver/modules.order" "root/usr/lib/modules/$ver/"
chroot root depmod "$ver"

# No unit that is not needed to boot or to run a daemon.
install -d root/opt/lab
head -c 32M /dev/urandom > root/opt/lab/blob
cp "$here/guest/lab.service" root/etc/systemd/system/
for source in $sources; do
  case $source in
  *.java) cp "$source" root/opt/lab/  # the JVM needs /proc
    unshare -mpf --mount-proc="$PWD/root/proc" chroot root javac -d /opt/lab "/opt/lab/${source##*/}" ;;
  *.c) gcc -O2 -Wall -Wextra -static -o "root/opt/lab/$(basename "$source" .c)" "$source" ;;
  esac
done
rm -rf root/etc/systemd/system/*.wants root/etc/rc?.d
mkdir -p root/etc/systemd/system/multi-user.target.wants
ln -s ../lab.service root/etc/systemd/system/multi-user.target.wants/
for u in getty@tty1 serial-getty@ttyS0 systemd-logind systemd-udevd systemd-udev-trigger systemd-udev-settle \
    systemd-journal-flush systemd-update-utmp systemd-random-seed systemd-pstore systemd-timesyncd \
    systemd-machine-id-commit systemd-user-sessions; do
  ln -sf /dev/null "root/etc/systemd/system/$u.service"
done
echo 0123456789abcdef0123456789abcdef > root/etc/machine-id
mkdir -p root/etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\nRateLimitBurst=0\n' > root/etc/systemd/journald.conf.d/lab.conf
rm -f new.ext4
mke2fs -q -t ext4 -d root new.ext4 "$size"
mv new.ext4 root.ext4  # running guests keep the old one
mv new.vmlinuz vmlinuz
rm -rf root
echo "$sum" > stamp
ls -lh root.ext4 vmlinuz
