#!/bin/sh
# Starts a firewalld on a system bus of its own, then networks of every kind, and prints into which zone each bridge came.
#   zones.sh START...     START: a command that leaves a network daemon behind which was started beside that bus
set -eu
mkdir -p /run/dbus
dbus-daemon --system --fork --nopidfile
mount -t tmpfs tmpfs /etc/firewalld
mount -t tmpfs tmpfs /var/log
mkdir -p /var/log/libvirt
firewalld --nofork --nopid >/dev/null 2>&1 &
until firewall-cmd --state >/dev/null 2>&1; do sleep 0.1; done
"$@" </dev/null >/dev/null 2>&1
until virsh uri >/dev/null 2>&1; do sleep 0.1; done
file=$(mktemp)
trap 'rm -f "$file"' EXIT

# net NAME FORWARD ATTRIBUTES-OF-BRIDGE
n=0
net() {
  n=$((n + 1))
  printf "<network><name>%s</name>%s<bridge name='%s' %s/><ip address='10.66.%s.1' prefix='24'/></network>" "$1" "$2" "$1" "$3" "$n" >"$file"
  virsh -q net-create "$file" 2>&1 | sed "s,$file,FILE," || true
}
net znat "<forward mode='nat'/>" ''
net zroute "<forward mode='route'/>" ''
net zisolated '' ''
net zopen "<forward mode='open'/>" ''
net zopenwork "<forward mode='open'/>" "zone='work'"
net zroutetrusted "<forward mode='route'/>" "zone='trusted'"
net zempty "<forward mode='nat'/>" "zone=''"
net znone "<forward mode='nat'/>" "zone='nonesuch'"
virsh -q net-destroy zisolated
firewall-cmd --get-active-zones
