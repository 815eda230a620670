#!/bin/sh
# Tests on the real kernel, each file in namespaces of its own.
#   sh scripts/test-host.sh [FILE...]     all of test/host where none is named
# *.lab.test.ts run in a throw-away VM with Debian's stock kernel (test/kernel-lab), *.oracle.test.ts where libvirtd is installed.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin; export PATH
if [ "${1:-}" = --no-setup ]; then shift; else sh scripts/setup.sh run test; fi
exec node scripts/test-host.mjs "$@"
