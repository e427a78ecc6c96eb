#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: build-image.sh [--servers] [OUTDIR]
# Builds the guest from Debian packages: OUTDIR/root.ext4 and OUTDIR/vmlinuz
# (default build/vm). Needs root, mmdebstrap, apt-get, e2fsprogs; about 3
# minutes, and nothing if it is there already.
# --servers adds the real servers that servers.sh needs (default build/vm-servers,
# the kernel of build/vm if that is there; needs gcc too).
# KERNEL names another kernel package, KERNEL_TREE an unpacked one.
set -e
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build
name=vm size=1G sources=
if [ "$1" = --servers ]; then
  shift
  name=vm-servers size=3G sources="$here/guest/servers/Service.java $here/guest/servers/cc1.c"
  [ ! -d "$build/vm/kernel" ] || : "${KERNEL_TREE=$(realpath "$build/vm/kernel")}"
fi
out=${1:-$build/$name}
mkdir -p "$out" && cd "$out"
KERNEL=${KERNEL:-linux-image-cloud-amd64}
# What boots, what badnessd is linked with, the peers (nohang needs Python), strace.
packages=systemd,systemd-sysv,dbus,kmod,udev,procps,util-linux,libspdlog1.10,libstdc++6
packages=$packages,earlyoom,nohang,systemd-oomd,oomd,python3-minimal,libpython3-stdlib,strace,curl,jq
[ -z "$sources" ] || packages=$packages,postgresql-15,mariadb-server,redis-server,nginx-light,gunicorn,make,\
openjdk-17-jdk-headless,nodejs,php-cli,prometheus
# shellcheck disable=SC2086
sum=$(cat "$here/build-image.sh" "$here/guest/lab.service" $sources | sha256sum)
if [ -s root.ext4 ] && [ -s vmlinuz ] && [ "$(cat stamp 2>/dev/null)" = "$sum" ]; then exit 0; fi

if [ "$(cat rootfs.packages 2>/dev/null)" != "$packages" ]; then
  mmdebstrap --variant=minbase --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' bookworm new.tar
  mv new.tar rootfs.tar && echo "$packages" > rootfs.packages
fi
rm -rf root && mkdir root && tar -xf rootfs.tar -C root

# NVMe and ext4 are built into the cloud kernel, so no initramfs; zram is the only
# module.
if [ ! -d kernel ]; then
  if [ -n "$KERNEL_TREE" ]; then
    mkdir kernel && cp -r "$KERNEL_TREE/boot" "$KERNEL_TREE/lib" kernel/
  else
    deb=$(apt-cache depends "$KERNEL" | awk '/Depends: linux-image/ {print $2; exit}')
    apt-get download "$deb" && dpkg-deb -x "$deb"_*.deb new.kernel
    mv new.kernel kernel && rm "$deb"_*.deb
  fi
fi
cp kernel/boot/vmlinuz-* new.vmlinuz
ver=$(basename kernel/boot/vmlinuz-*); ver=${ver#vmlinuz-}
for m in drivers/block/zram mm crypto lib; do
  mkdir -p "root/usr/lib/modules/$ver/kernel/$m"
  cp -r "kernel/lib/modules/$ver/kernel/$m/." "root/usr/lib/modules/$ver/kernel/$m/"
done
cp kernel/lib/modules/"$ver"/modules.builtin* kernel/lib/modules/"$ver"/modules.order "root/usr/lib/modules/$ver/"
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
