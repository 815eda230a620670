#!/bin/sh
# Installs a real libvirt network daemon with its clients and NSS modules, for tests that ask it what is right. Does nothing when it is there.
# Takes 11.3 from bookworm-backports (the main reference) through a private source list, so that the machine's own apt lists stay
# as they are; where that is not to be had, whatever version the machine's own sources offer (9.0 on Debian 12).
# Usage: install.sh [--check]     --check only says which version is there (exit 1: none).
set -eu

have() {
  command -v libvirtd >/dev/null && command -v virsh >/dev/null && /usr/bin/python3 -c 'import libvirt' 2>/dev/null && perl -MSys::Virt -e 1 2>/dev/null &&
    ls /usr/lib/*/libvirt/connection-driver/libvirt_driver_network.so >/dev/null 2>&1
}
version() { libvirtd --version | sed 's/.* //'; }

if have; then
  echo "libvirt $(version) is there"
  exit 0
fi
if [ "${1:-}" = --check ]; then
  echo "libvirt is not there" >&2
  exit 1
fi
[ "$(id -u)" = 0 ] || { echo "install.sh: needs root" >&2; exit 1; }

here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

export DEBIAN_FRONTEND=noninteractive
log="$work/log"
logged() { sh "$here/../../scripts/lib/without-services.sh" "$@" >>"$log" 2>&1; }
quiet='-qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 --no-install-recommends'
core='libvirt0 libvirt-common libvirt-daemon libvirt-clients libnss-libvirt'
glib='gir1.2-libvirt-glib-1.0 python3-gi'

# The same archive that the machine's Debian sources name.
archive=$(cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null |
  sed -n -e 's/^URIs: *\([^ ]*\/debian\)\/\{0,1\}$/\1/p' -e 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\/debian\)\/\{0,1\} .*/\2/p' | head -n 1)
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
if [ "$release" = bookworm ] && [ -n "$archive" ]; then
  mkdir -p "$work/parts" "$work/lists/partial"
  chmod 755 "$work" "$work/lists" && chown _apt "$work/lists/partial" # apt fetches as this user
  cat >"$work/parts/oracle.sources" <<EOF
Types: deb
URIs: $archive
Suites: bookworm bookworm-updates bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
EOF
  private="-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=$work/parts -o Dir::State::Lists=$work/lists"
  private="$private -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache="
  packages=
  for p in $core libvirt-daemon-common libvirt-daemon-log libvirt-daemon-driver-network; do
    packages="$packages $p/bookworm-backports"
  done
  # shellcheck disable=SC2086  # lists of words
  if logged apt-get -qq $private update && logged apt-get $quiet $private install -y $packages python3-libvirt libsys-virt-perl ruby-libvirt $glib; then
    echo "libvirt $(version) installed from bookworm-backports"
    exit 0
  fi
  echo "install.sh: no libvirt from bookworm-backports; trying the machine's own sources" >&2
fi
# shellcheck disable=SC2086
logged apt-get $quiet install -y $core python3-libvirt libsys-virt-perl ruby-libvirt $glib iptables || { cat "$log" >&2; exit 1; }
# Newer releases carry the network driver in a package of its own.
# shellcheck disable=SC2086
ls /usr/lib/*/libvirt/connection-driver/libvirt_driver_network.so >/dev/null 2>&1 ||
  logged apt-get $quiet install -y libvirt-daemon-driver-network || { cat "$log" >&2; exit 1; }
echo "libvirt $(version) installed"
