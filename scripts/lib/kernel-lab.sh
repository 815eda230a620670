# Part of scripts/setup.sh (sourced): what test/kernel-lab needs beyond packages of this release.

lab_cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/virtnet/kernel-lab
lab_release=$(. /etc/os-release && echo "$VERSION_CODENAME")

# lab_apt TOOL ARG...: apt-get or apt-cache over this release and its backports, with package lists of our own, so that the
# machine's own sources stay as they are.
lab_apt() {
  tool=$1; shift
  "$tool" -o APT::Sandbox::User=root -o Dir::Etc::SourceList="$lab_cache/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$lab_cache/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "$@"
}

lab_refresh() {
  [ ! -e "$lab_cache/sources.list" ] || return 0
  # The archive that the machine's own sources name.
  archive=$(cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null |
    sed -n -e 's/^URIs: *\([^ ]*\/debian\)\/\{0,1\}$/\1/p' -e 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\/debian\)\/\{0,1\} .*/\2/p' | head -n 1)
  [ -n "$archive" ] || die 'no Debian archive is named in /etc/apt; the kernel lab needs one'
  mkdir -p "$lab_cache/lists/partial"
  for suite in "$lab_release" "$lab_release-backports"; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $suite main"
  done >"$lab_cache/sources.new"
  mv "$lab_cache/sources.new" "$lab_cache/sources.list"
  say 'reading the package lists of the release and its backports'
  lab_apt apt-get update >/dev/null || { rm "$lab_cache/sources.list"; die 'the package lists could not be read'; }
}

# igb, the card with virtual functions, came with qemu 8; Debian 12 has 7.2 and a newer one in its backports.
lab_install_qemu() {
  if have qemu-system-x86_64 && qemu-system-x86_64 -device help 2>/dev/null | grep -q '"igb"'; then return; fi
  [ "$(id -u)" -eq 0 ] || die 'the kernel lab needs qemu-system-x86 8 or later (in the backports of Debian 12); run this as root once'
  lab_refresh
  say 'installing qemu-system-x86'
  from=$lab_release
  [ "$from" != bookworm ] || from=bookworm-backports
  DEBIAN_FRONTEND=noninteractive lab_apt apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=180 \
    -t "$from" qemu-system-x86 >"$lab_cache/apt.log" 2>&1 </dev/null || { tail -n 20 "$lab_cache/apt.log" >&2; die 'qemu-system-x86 could not be installed'; }
}

# The stock kernel is unpacked, not installed: an installed one would become the kernel that this machine boots next.
lab_unpack_kernel() {
  if ls "$lab_cache"/boot/vmlinuz-*-amd64 >/dev/null 2>&1; then return; fi
  lab_refresh
  package=$(lab_apt apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
  [ -n "$package" ] || die 'linux-image-amd64 names no kernel'
  say "unpacking $package"
  rm -rf "$lab_cache/unpack" && mkdir -p "$lab_cache/unpack"
  (cd "$lab_cache/unpack" && lab_apt apt-get download "$package" >/dev/null && dpkg -x ./*.deb . && rm ./*.deb) || die "$package could not be unpacked"
  # Debian 13 packs the modules below /usr/lib, which is /lib.
  [ -e "$lab_cache/unpack/lib" ] || mv "$lab_cache/unpack/usr/lib" "$lab_cache/unpack/lib"
  release=$(ls "$lab_cache/unpack/lib/modules")
  depmod -b "$lab_cache/unpack" "$release" || die "depmod failed for $release"
  rm -rf "$lab_cache/lib"
  mv "$lab_cache/unpack/lib" "$lab_cache/lib"
  mv "$lab_cache/unpack/boot" "$lab_cache/boot"
  rm -rf "$lab_cache/unpack"
}

install_lab() {
  lab_install_qemu
  lab_unpack_kernel
  sh test/kernel-lab --check --igb 1 || die 'the kernel lab is not complete'
}
