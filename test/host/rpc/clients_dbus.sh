#!/bin/sh
# Runs libvirt-dbus on a bus of its own, and clients_dbus.py against it, with the networks' daemon at a URI:
#   sh clients_dbus.sh FOLDER URI
# FOLDER is for what is built here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tcc -nostdlib -shared -o "$1/uri.so" "$here/uri.c"
exec 3>&2 # the bus itself warns of limits that it cannot raise
VIRTNET_TEST_URI=$2 VIRTNET_TEST_PRELOAD=$1/uri.so exec dbus-run-session -- sh -c '
  exec 2>&3
  LD_PRELOAD=$VIRTNET_TEST_PRELOAD libvirt-dbus --session & bridge=$!
  code=0
  /usr/bin/python3 -B "$0/clients_dbus.py" || code=$?
  kill "$bridge"
  wait "$bridge" || : # before the bus, whose end it would tell of
  exit "$code"' "$here" 2>/dev/null
