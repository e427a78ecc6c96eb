#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: run.sh SCENARIO[+SCENARIO...] DAEMON [OUT]
#   SCENARIO  leak | burst | stuck | fork | bigvirt | thrash | idle, or one of
#             guest/cases; several run one after the other in one guest
#   DAEMON    badnessd | none | earlyoom | nohang | systemd-oomd[-fast] | oomd[-fast]
# Prints what the guest found, PASS and FAIL; leaves all else in OUT (default
# VM/out/...). Exit code: 0, 1 if something failed or there is no result, 2 usage.
# environment:
#   MEM=1024 (MiB)  SWAP=none|disk|zram  ARG (MB/s of the hog; idle: processes)
#   LIMIT=40 (guest s)  TIMEOUT=600 (host s)
#   IO: speed of the disks (default 3000 IOPS, 125 MB/s)
#   PSI=1: 0 boots without it    APPEND: more of the kernel's command line
#   ICOUNT: one instruction costs 2^shift ns; empty: as fast as the host
#   BADNESSD=build/badnessd  BADNESSD_CONFIG=config/badnessd.toml
#   BADNESSD_DROPIN: a file for badnessd.service.d    DEB: a package, for the case
#   VM=build/vm: where build-image.sh put its work   VMLINUZ=VM/vmlinuz
#   ARCH=amd64|arm64    INITRD: where the kernel needs one    EXTRA: a directory
#   whose files go into the guest
set -e
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
[ $# -ge 2 ] || { sed -n 's/^# \{0,1\}//; 3,22p' "$0"; exit 2; }
scenario=$1 daemon=$2
: "${VM:=$top/build/vm}" "${BADNESSD:=$top/build/badnessd}" "${BADNESSD_CONFIG:=$top/config/badnessd.toml}" \
  "${VMLINUZ:=$VM/vmlinuz}"
out=${3:-$VM/out/$1-$2-$(date +%s)-$$}
[ -s "$VM/root.ext4" ] || { echo "no image in $VM: run build-image.sh" >&2; exit 2; }

# What the first of the scenarios needs stands in it; the environment goes before.
first=$here/guest/cases/${scenario%%+*}.sh
case $scenario in thrash*) needs='SWAP=disk ICOUNT=shift=2,sleep=on IO=throttling.iops-total=1000,throttling.bps-total=60000000' ;; esac
[ ! -f "$first" ] || needs=$(sed -n 's/^# needs: //p' "$first")
for need in $needs; do eval "${need%%=*}=\${${need%%=*}-\${need#*=}}"; done
: "${MEM:=1024}" "${SWAP:=none}" "${LIMIT:=40}" "${TIMEOUT:=600}" \
  "${IO:=throttling.iops-total=3000,throttling.bps-total=125000000}"
# sleep=off takes the host's clock out of idle time too, but stretches disk waits
case $SWAP in
none) : "${ICOUNT=shift=0,sleep=off}" ;;
*) : "${ICOUNT=shift=0,sleep=on}" ;;
esac

# Everything but Debian comes with the run.
mkdir -p "$out"
d=$out/inject && rm -rf "$d" && mkdir -p "$d/opt/lab" "$d/etc/systemd/system"
case ${ARCH:-amd64} in
amd64) qemu=qemu-system-x86_64 console=ttyS0 cc=gcc ;;
arm64) qemu='qemu-system-aarch64 -M virt' console=ttyAMA0 cc=aarch64-linux-gnu-gcc ;;
*) echo "unknown ARCH $ARCH" >&2; exit 2 ;;
esac
[ -n "$(find "$VM/oomlab" -newer "$here/guest/oomlab.c" 2>/dev/null)" ] ||
  $cc -O2 -Wall -Wextra -static -o "$VM/oomlab" "$here/guest/oomlab.c"
cp -r "$VM/oomlab" "$here/guest/start.sh" "$here/guest/lib.sh" "$here/guest/cases" "$d/opt/lab/"
cp -r "$here/guest/servers" "$d/opt/lab/cases/"
[ -z "$EXTRA" ] || cp -r "$EXTRA/." "$d/"
cp "$here/guest/lab-role@.service" "$d/etc/systemd/system/"
case $daemon in
badnessd)
  install -D "$BADNESSD" "$d/usr/sbin/badnessd"
  install -D -m 644 "$BADNESSD_CONFIG" "$d/etc/badnessd/badnessd.toml"
  install -D -m 644 "$top/systemd/badnessd.sysusers.conf" "$d/usr/lib/sysusers.d/badnessd.conf"
  install -D -m 644 -t "$d/usr/lib/systemd/system" "$top"/systemd/*.service "$top"/systemd/*.path
  cp -r "$top/systemd/on-kill" "$d/opt/lab/"
  [ -z "$DEB" ] || cp "$DEB" "$d/opt/lab/badnessd.deb"
  [ -z "$BADNESSD_DROPIN" ] || install -D -m 644 "$BADNESSD_DROPIN" "$d/etc/systemd/system/badnessd.service.d/lab.conf" ;;
none|earlyoom|nohang) ;;
*) [ -d "$here/guest/peers/$daemon" ] || { echo "unknown daemon $daemon" >&2; exit 2; }
  cp -r "$here/guest/peers/$daemon/." "$d/" ;;
esac
tar -C "$d" --owner=0 --group=0 -cf "$out/inject.raw" .
rm -rf "$d"
truncate -s '%4096' "$out/inject.raw"
truncate -s 0 "$out/results.raw"; truncate -s 32M "$out/results.raw"
truncate -s 512M "$out/swap.raw"

# The root has a controller of its own: newer kernels number the namespaces of one
# as they come.
start=$(date +%s)
set +e
# shellcheck disable=SC2086
TMPDIR=$out nice -n "${NICE:--10}" timeout "$TIMEOUT" $qemu -accel tcg ${ICOUNT:+-icount $ICOUNT} -cpu max -smp 1 -m "$MEM" \
  -nodefaults -no-user-config -display none -nic none -no-reboot -serial "file:$out/console.log" \
  -kernel "$VMLINUZ" ${INITRD:+-initrd "$INITRD"} \
  -append "root=/dev/nvme0n1 rw console=$console quiet loglevel=3 panic=1 psi=${PSI:-1} log_buf_len=4M random.trust_cpu=on mitigations=off \
tsc=reliable systemd.unified_cgroup_hierarchy=1 systemd.show_status=0 lab.scenario=$scenario lab.arg=$ARG \
lab.daemon=$daemon lab.swap=$SWAP lab.limit=$LIMIT $APPEND" \
  -device nvme,id=root,serial=root -device nvme,id=nv,serial=lab \
  -drive "file=$VM/root.ext4,format=raw,if=none,id=d1,snapshot=on,$IO" -device nvme-ns,drive=d1,bus=root,nsid=1 \
  -drive "file=$out/results.raw,format=raw,if=none,id=d2" -device nvme-ns,drive=d2,bus=nv,nsid=2 \
  -drive "file=$out/swap.raw,format=raw,if=none,id=d3,cache=unsafe,$IO" -device nvme-ns,drive=d3,bus=nv,nsid=3 \
  -drive "file=$out/inject.raw,format=raw,if=none,id=d4" -device nvme-ns,drive=d4,bus=nv,nsid=4
rc=$?
tar -xf "$out/results.raw" -C "$out" 2>/dev/null
set -e
rm -f "$out/results.raw" "$out/swap.raw" "$out/inject.raw"
printf '{"scenario":"%s","daemon":"%s","mem":%s,"swap":"%s","arg":"%s","rc":%s,"host_s":%s}\n' \
  "$scenario" "$daemon" "$MEM" "$SWAP" "$ARG" "$rc" $(($(date +%s) - start)) > "$out/meta.json"
[ -f "$out/cases.txt" ] || { echo "FAIL $scenario: no result (rc=$rc): see $out/console.log"; exit 1; }
cat "$out/cases.txt"
! grep -q '^FAIL' "$out/cases.txt"
