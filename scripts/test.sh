#!/bin/sh
# Every test: sets up what is missing, then unit tests, then the tests on the real kernel. Last line: `N passed, N failed`.
#   sh scripts/test.sh [unit] [host]      both where none is named
set -eu
cd "$(dirname "$0")/.."
suites=${*:-unit host}
sh scripts/setup.sh run test
# libvirt to compare with and a stock kernel for the tests that need modules: where they cannot be had, those tests say so and are skipped.
case " $suites " in *' host '*) sh scripts/setup.sh oracle lab || true ;; esac
mkdir -p .cache
counts=$(mktemp .cache/counts.XXXXXX)
trap 'rm -f "$counts"' EXIT

# A suite that ends badly without leaving its counts is one failure.
suite() {
  name=$1; shift
  "$@" --counts "$counts" || grep -q "^$name " "$counts" || echo "$name 0 1" >>"$counts"
}
case " $suites " in *' unit '*) suite unit node scripts/test-unit.mjs ;; esac
case " $suites " in *' host '*) suite host sh scripts/test-host.sh --no-setup ;; esac
[ -z "${VIRTNET_COUNTS:-}" ] || cat "$counts" >>"$VIRTNET_COUNTS"
awk '{ good += $2; bad += $3 } END { printf "%d passed, %d failed\n", good, bad; exit good == 0 || bad > 0 }' "$counts"
