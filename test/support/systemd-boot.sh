#!/bin/sh
# Boots this machine's own systemd as the first process of new namespaces, over a layer on this machine's files:
#   sh test/support/systemd-boot.sh WORK
# WORK/units takes the place of this machine's /etc/systemd/system. WORK/layer keeps what is written, so the next boot finds it; /run, /dev and the process tree are new each time. It ends with `systemctl poweroff`.
set -eu
work=$1
root=$work/root layer=$work/layer
if [ "${2:-}" != inside ]; then
  mkdir -p "$root" "$layer/up" "$layer/work" "$work/cgroup"
  # A group of its own: what systemd does with groups stays below it.
  mountpoint -q "$work/cgroup" || mount -t cgroup2 cgroup2 "$work/cgroup"
  mkdir -p "$work/cgroup/virtnet-boot-$$"
  echo $$ >"$work/cgroup/virtnet-boot-$$/cgroup.procs"
  exec unshare --net --mount --pid --cgroup --uts --ipc --fork --kill-child --mount-proc sh "$0" "$work" inside
fi
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=/,upperdir=$layer/up,workdir=$layer/work" "$root"
if [ ! -e "$layer/booted" ]; then
  rm -rf "$root/etc/systemd/system"
  cp -a "$work/units" "$root/etc/systemd/system"
  : >"$layer/booted"
fi
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/net"
for device in null zero full random urandom tty net/tun; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
# As at a boot: what is mounted later (a network namespace has its file so) reaches services that have mounts of their own.
mount --make-rshared "$root"
ip link set lo up
exec env -i container=virtnet PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" /lib/systemd/systemd --system --unit=multi-user.target --show-status=0
