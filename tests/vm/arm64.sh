#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: arm64.sh [CASE...]
# Builds the program and the unit tests for arm64 in a chroot of Debian 13 and runs
# the unit tests and the cases (default: leak took scope) in an arm64 guest, first with
# pages of 4 KiB, then of 16 KiB. Prints a line for each check. Needs root, mmdebstrap,
# qemu-system-arm, qemu-user-static (registered with binfmt_misc, to make the image),
# gcc-aarch64-linux-gnu, cpio, kmod; an hour on two processors, half of it for the image.
# environment: VM=build/vm-arm64, and that of run.sh
set -e
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# The unit tests take half an hour there.
export ARCH=arm64 VM="${VM:-$top/build/vm-arm64}" TIMEOUT="${TIMEOUT:-5400}"
cases=${*:-leak took scope}
cross=$VM/cross
"$here/build-image.sh" --suite trixie "$VM" >&2

if [ ! -f "$cross.made" ]; then
  rm -rf "$cross"
  mmdebstrap --mode=root --variant=apt --architectures=amd64,arm64 \
    --aptopt='Acquire::Check-Valid-Until "false"' --dpkgopt=force-unsafe-io \
    --include=g++-aarch64-linux-gnu,cmake,ninja-build,xz-utils,libspdlog-dev:arm64,libcli11-dev \
    --include=libtoml11-dev,libexpected-dev,nlohmann-json3-dev,libgtest-dev:arm64,libbenchmark-dev:arm64 \
    --include=busybox-static:arm64 trixie "$cross" >&2
  touch "$cross.made"
fi
# The tests find the source where it stood when they were built.
mkdir -p "$cross$top"
git -C "$top" ls-files -co --exclude-standard -z | tar -C "$top" --null -T - -c | tar -x -C "$cross$top"
unshare --mount --pid --fork sh -ec '
  mount --make-rprivate /
  mount -t proc proc "$1/proc"
  exec chroot "$1" env -i PATH=/usr/bin:/bin HOME=/root CXXFLAGS=-Werror sh -exc "cd $2
    cmake -S . -B build -G Ninja -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
      -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DCMAKE_GTEST_DISCOVER_TESTS_DISCOVERY_MODE=PRE_TEST
    cmake --build build --target badnessd badnessd_unit_test badnessd_alloc_test"' \
  cross "$cross" "$top" >&2
export BADNESSD="$cross$top/build/badnessd"

# What the unit tests read and run.
export EXTRA="$VM/extra"
rm -rf "$EXTRA" && mkdir -p "$EXTRA$top/build/tests"
for part in tests config systemd include src README.md LICENSE CMakeLists.txt .clang-format .ci; do
  [ ! -e "$cross$top/$part" ] || cp -r "$cross$top/$part" "$EXTRA$top/"
done
cp "$cross$top"/build/tests/badnessd_*_test "$EXTRA$top/build/tests/"
mkdir -p "$EXTRA/opt/lab/cases"
cat > "$EXTRA/opt/lab/cases/unit.sh" <<END
for test in unit alloc; do
  (cd $top/tests && ../build/tests/badnessd_\${test}_test 2>&1; echo "ended with \$?") | tee \$out/\$test.txt > /dev/console
  check "unit: badnessd_\${test}_test passes" "\$(grep -E '^\[  FAILED' \$out/\$test.txt | head -n 20)" grep -q 'ended with 0' \$out/\$test.txt
done
getconf PAGE_SIZE | sed 's/^/INFO unit: pages of /' >> \$out/cases.txt
END

# nvme and ext4 are modules of the kernel with larger pages.
large=$VM/kernel-16k
"$here/kernel.sh" trixie "$large" linux-image-arm64-16k >&2
ver=$(ls "$large/modules")
rm -rf "$VM/initrd" && mkdir -p "$VM/initrd/bin" "$VM/initrd/dev" "$VM/initrd/sys" "$VM/initrd/root" "$VM/depmod/lib"
ln -sfn "$large/modules" "$VM/depmod/lib/modules"
depmod -b "$VM/depmod" "$ver"
cp "$cross/usr/bin/busybox" "$VM/initrd/bin/"
{
  echo '#!/bin/busybox sh'
  modprobe -d "$VM/depmod" -S "$ver" -a --show-depends nvme ext4 | while read -r _ module _; do
    name=$(basename "$module" .xz)
    case $module in *.xz) xz -dc "$module" ;; *) cat "$module" ;; esac > "$VM/initrd/$name"
    echo "busybox insmod /$name"
  done
  echo 'busybox mount -t devtmpfs dev /dev
busybox mount -t sysfs sysfs /sys
until root=$(busybox grep -lx 1 /sys/block/nvme*/nsid); do busybox sleep 0.1; done
root=${root#/sys/block/}
busybox mount -t ext4 "/dev/${root%/nsid}" /root
exec busybox switch_root /root /sbin/init'
} > "$VM/initrd/init"
chmod +x "$VM/initrd/init"
(cd "$VM/initrd" && find . | cpio -o -H newc --quiet) > "$VM/initrd.img"

failed=0
for pages in 4 16; do
  if [ "$pages" = 16 ]; then export VMLINUZ="$large/vmlinuz" INITRD="$VM/initrd.img"; fi
  for c in unit $cases; do
    "$here/run.sh" "$c" badnessd "$VM/out/$pages-$c" > "$VM/$pages-$c.txt" || failed=1
    sed "s/^/$pages KiB: /" "$VM/$pages-$c.txt"
  done
done
exit $failed
