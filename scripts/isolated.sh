#!/bin/sh
# Runs COMMAND where it can change networks without touching this machine's: namespaces of its own for network, mounts and
# processes, a private /run (so `ip netns add` stays inside), virtnet's folders and TMPDIR under it. All of it ends with COMMAND.
#   sh scripts/isolated.sh COMMAND [ARG...]
set -eu
PATH=$PATH:/usr/sbin:/sbin; export PATH
if [ "${VIRTNET_ISOLATED:-}" != entering ]; then
  [ $# -gt 0 ] || { sed -n '2,4s/^# \{0,3\}//p' "$0"; exit 2; }
  VIRTNET_ISOLATED=entering; export VIRTNET_ISOLATED
  user=
  [ "$(id -u)" -eq 0 ] || user='--user --map-root-user'
  # shellcheck disable=SC2086
  exec unshare $user --net --mount --pid --fork --kill-child --mount-proc sh "$0" "$@"
fi
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mount -t sysfs sysfs /sys 2>/dev/null || true # the old one shows the links of the namespace it was mounted in
mkdir -p /run/netns /run/lock /run/tmp
chmod 1777 /run/tmp /run/lock
# A DHCP client writes the resolvers that it is told to this file.
if [ -f /etc/resolv.conf ]; then cp /etc/resolv.conf /run/resolv.conf && mount --bind /run/resolv.conf /etc/resolv.conf; fi
ip link set lo up
TMPDIR=/run/tmp VIRTNET_CONFIG_DIR=/run/test/etc VIRTNET_STATE_DIR=/run/test/lib VIRTNET_RUN_DIR=/run/test/run VIRTNET_ISOLATED=1
export TMPDIR VIRTNET_CONFIG_DIR VIRTNET_STATE_DIR VIRTNET_RUN_DIR VIRTNET_ISOLATED
# Not exec: whoever is the first process of these namespaces is given the orphans (each dnsmasq is one) and must reap them; a shell does.
code=0
"$@" || code=$?
exit "$code"
