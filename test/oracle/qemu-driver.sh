#!/bin/sh
# Unpacks libvirt's own QEMU driver with virt-qemu-run, of the version of the libvirt that is installed, into a folder of ours: installed, it
# would bring a newer systemd along. Says where it is; does nothing when it is there.
#   qemu-driver.sh [--where]     --where only says where it is (exit 1: it is not there)
set -eu
version=$(dpkg-query -W -f '${Version}' libvirt-daemon 2>/dev/null) || { echo 'qemu-driver.sh: libvirt is not installed: sh scripts/setup.sh oracle' >&2; exit 1; }
folder=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/virtnet/libvirt-qemu-$version
if [ -x "$folder/usr/bin/virt-qemu-run" ]; then echo "$folder"; exit 0; fi
[ "${1:-}" != --where ] || { echo "qemu-driver.sh: libvirt's QEMU driver is not there: sh scripts/setup.sh oracle" >&2; exit 1; }

cd "$(dirname "$0")/../.."
say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
. scripts/lib/kernel-lab.sh
lab_refresh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say "unpacking libvirt-daemon-driver-qemu $version"
(cd "$work" && lab_apt apt-get download "libvirt-daemon-driver-qemu=$version" >log 2>&1 && dpkg-deb -x ./*.deb unpacked) ||
  { cat "$work/log" >&2; die "libvirt-daemon-driver-qemu $version could not be unpacked"; }
rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
mv "$work/unpacked" "$folder"
echo "$folder"
