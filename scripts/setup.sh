#!/bin/sh
# Installs what is missing and builds what is stale; says nothing and takes a fraction of a second where there is nothing to do.
#   sh scripts/setup.sh [run] [test] [oracle] [lab]
#     run     what the main job needs (always done)        test  clients and tools of the tests
#     oracle  libvirt, to compare answers with             lab   a stock kernel and qemu for the tests that need modules
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin; export PATH

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
have() {
  case $1 in
    # The package `busybox`, which udhcpc brings along where nothing else is asked for, needs libraries that a virtual machine has not.
    busybox-static) have busybox && ! ldd "$(command -v busybox)" >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

# One row a tool: the group that wants it, the command that shows it is there, the Debian package that brings it.
tools='run ip iproute2
run nft nftables
run dnsmasq dnsmasq-base
run udhcpc udhcpc
run ping iputils-ping
run unshare util-linux
run sysctl procps
test tcpdump tcpdump
test iperf3 iperf3
test dig bind9-dnsutils
test rdisc6 ndisc6
test busybox-static busybox-static
test perfdhcp kea-admin
test virsh libvirt-clients
test systemd-notify systemd
test groff groff-base
test vdptool lldpad
test socat socat
test strace strace
test firewall-cmd firewalld
test ufw ufw
test mkfs.ext4 e2fsprogs
oracle xmllint libxml2-utils
oracle iptables iptables
oracle tcc tcc
oracle virt-install virtinst
lab ovs-vsctl openvswitch-switch
lab podman podman
lab busybox-static busybox-static
lab cpio cpio
lab depmod kmod'

check_node() {
  have node || die 'Node.js 20.19 or later is needed: https://nodejs.org, or your distribution'
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    die "Node.js 20.19 or later is needed; this is $(node --version)"
}

# apt_install PACKAGE...: as root, or through sudo where it asks nothing.
apt_install() {
  have apt-get || die "needs these Debian packages, or what your distribution calls them: $*"
  as=
  if [ "$(id -u)" -ne 0 ]; then
    if have sudo && sudo -n true 2>/dev/null; then as=sudo
    else die "needs root to install packages. Run: sudo apt-get install --no-install-recommends $*"; fi
  fi
  say "installing $*"
  log=$(mktemp)
  # The package lists of a fresh machine are absent or old: try with what is there first, then refresh once.
  if ! apt_try "$@" && ! { say 'refreshing the package lists'; $as apt-get update >"$log" 2>&1; apt_try "$@"; }; then
    tail -n 20 "$log" >&2; rm -f "$log"
    die "apt-get could not install: $*"
  fi
  rm -f "$log"
}
apt_try() {
  # Tests start the daemons that they need in namespaces of their own; a package that brings one must not start it on this machine.
  $as sh scripts/lib/without-services.sh env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=180 "$@" >"$log" 2>&1 </dev/null
}

install_tools() {
  wanted=$(printf '%s\n' "$tools" | while read -r group command package; do
    case " run $* " in *" $group "*) have "$command" || echo "$package" ;; esac
  done)
  # shellcheck disable=SC2086
  [ -z "$wanted" ] || apt_install $(printf '%s\n' "$wanted" | sort -u)
}

install_modules() {
  if [ -e node_modules/.virtnet-lock ] && cmp -s package-lock.json node_modules/.virtnet-lock; then return; fi
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    say 'installing npm packages'
    npm ci --no-audit --no-fund --loglevel=error >&2 </dev/null || die 'npm ci failed; its own words are above'
  fi
  cp package-lock.json node_modules/.virtnet-lock
}

# The bundles only: `npm run build` makes the library with its types as well.
build() {
  if bundles_are_fresh; then return; fi
  say 'building'
  node scripts/build.mjs --bundles >&2 || die 'the build failed; its own words are above'
}

. scripts/lib/bundles.sh
check_node
as=
install_tools "$@"
install_modules
build
case " $* " in *' oracle '*) sh test/oracle/install.sh --check >/dev/null 2>&1 || sh test/oracle/install.sh >&2 || die 'libvirt could not be installed; the reason is above' ;; esac
case " $* " in *' oracle '*) sh test/oracle/qemu-driver.sh >/dev/null || say 'libvirt has no QEMU driver here: its tests are skipped' ;; esac
case " $* " in *' lab '*) . scripts/lib/kernel-lab.sh; install_lab ;; esac
