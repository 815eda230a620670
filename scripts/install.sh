#!/bin/sh
# Installs virtnet with its units, manual pages and completions; builds it first where that is needed. Nothing is enabled or started.
#   [DESTDIR=/tmp/root] [PREFIX=/usr] sh scripts/install.sh [--remove]
# --remove takes all of it away again; definitions, leases and hooks stay.
# DESTDIR is a folder to install below (for packages); PREFIX is where the files will be found when they run.
set -eu
cd "$(dirname "$0")/.."
dest=${DESTDIR:-}
prefix=${PREFIX:-/usr/local}
lib=$dest$prefix/lib/virtnet
units=$dest${UNITDIR:-$prefix/lib/systemd/system}

case "${1:-}" in
  '') ;;
  --remove)
    # A network that runs has its dnsmasq, which tells the script in $lib of its leases.
    running=$([ -n "$dest" ] || [ ! -e "$lib/bin/virtnet" ] || "$lib/bin/virtnet" list --active --name)
    [ -z "$running" ] || { printf 'networks run: stop them first (virtnet down NAME...)\n%s\n' "$running" >&2; exit 1; }
    rm -rf "$lib" "$dest$prefix/share/doc/virtnet"
    rm -f "$dest$prefix/bin/virtnet" "$dest$prefix/bin/virtnetd" "$dest$prefix/share/man/man1/virtnet.1" "$dest$prefix/share/man/man8/virtnetd.8"
    rm -f "$units/virtnetd.service" "$units/virtnetd.socket" "$units/virtnetd-ro.socket" "$units/virtnetd-admin.socket"
    rm -f "$dest$prefix/share/bash-completion/completions/virtnet" "$dest$prefix/share/zsh/site-functions/_virtnet" \
      "$dest$prefix/share/fish/vendor_completions.d/virtnet.fish"
    exit ;;
  *) sed -n '2,5s/^# \{0,3\}//p' "$0" >&2; exit 2 ;;
esac

. scripts/lib/bundles.sh
bundles_are_fresh || node scripts/build.mjs --bundles >&2
# put MODE TARGET-FOLDER FILE...
put() {
  mode=$1 folder=$2
  shift 2
  mkdir -p "$folder"
  for file in "$@"; do install -m "$mode" "$file" "$folder/"; done
}

# An upgrade changes one folder for the other: what runs meanwhile (a lease's script, a command) finds a whole one.
new=$lib.new old=$lib.old
rm -rf "$new" "$old"
put 644 "$new/dist" dist/virtnet*.cjs dist/virtnet*.cjs.v8
put 755 "$new/bin" bin/virtnet bin/virtnetd
put 755 "$new/libexec" libexec/*
put 644 "$new" package.json
[ ! -e "$lib" ] || mv "$lib" "$old"
mv "$new" "$lib"
rm -rf "$old"
mkdir -p "$dest$prefix/bin"
for name in virtnet virtnetd; do ln -sf "../lib/virtnet/bin/$name" "$dest$prefix/bin/$name"; done

put 644 "$dest$prefix/share/man/man1" packaging/man/*.1
put 644 "$dest$prefix/share/man/man8" packaging/man/*.8
put 644 "$dest$prefix/share/doc/virtnet" README.md LICENSE CHANGELOG.md
put 644 "$units" packaging/systemd/*.service packaging/systemd/*.socket
sed "s|^ExecStart=/usr/bin/|ExecStart=$prefix/bin/|" packaging/systemd/virtnetd.service >"$units/virtnetd.service"

completion() { mkdir -p "$2" && node dist/virtnet.cjs completion "$1" >"$2/$3"; }
completion bash "$dest$prefix/share/bash-completion/completions" virtnet
completion zsh "$dest$prefix/share/zsh/site-functions" _virtnet
completion fish "$dest$prefix/share/fish/vendor_completions.d" virtnet.fish
