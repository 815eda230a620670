#!/bin/sh
# Runs COMMAND (apt-get) while packages may neither start the services that they bring (policy-rc.d, as Debian's policy has it; a policy that
# is there already stays and has its say) nor have them started at the next boot: what they enable is disabled again.
#   sh without-services.sh COMMAND [ARG...]
set -eu
policy=/usr/sbin/policy-rc.d
enabled() { find /etc/systemd/system -type l -path '*.wants/*' 2>/dev/null | sort; }
before=$(mktemp)
enabled >"$before"
made=
finish() {
  [ -z "$made" ] || rm -f "$policy"
  enabled | comm -13 "$before" - | while IFS= read -r link; do rm -f "$link"; done
  rm -f "$before"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP
if [ ! -e "$policy" ]; then
  made=yes
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
"$@"
