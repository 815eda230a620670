import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A system bus with firewalld and systemd-resolved on it, played by a busctl that keeps what it is told in files. */
export interface FakeBus {
  /** `calls` (one line a call), `zone.DEV`, `property.NAME.IFINDEX`. */
  readonly folder: string;
  /** What the services hold of devices that are there. */
  state(): Readonly<Record<string, string>>;
}

/** Puts the fake before everything else on PATH. The files end with TMPDIR. */
export function fakeBus(): FakeBus {
  const folder = mkdtempSync(join(tmpdir(), 'bus-'));
  const text = `#!/bin/sh
cd '${folder}'
case $* in *--acquired*list) echo 'org.fedoraproject.FirewallD1 1 x'; echo 'org.freedesktop.resolve1 1 x'; exit ;; esac
while [ "$1" != -- ]; do verb=$1; shift; done
object=$3
shift 4 # the mark, service, object and interface
# The settings of a link end with the link.
if [ "$verb" = get-property ]; then cat "property.$1.\${object##*_}" 2>/dev/null || echo '{"data":[]}'; exit; fi
method=$1; shift
echo "$method $*" >>calls
case $method in
getZoneOfInterface) printf '{"type":"s","data":["%s"]}' "$(cat "zone.$2" 2>/dev/null)" ;;
changeZoneOfInterface) printf %s "$2" >"zone.$3" ;;
removeInterface) [ -e "zone.$3" ] || { echo "Call failed: UNKNOWN_INTERFACE: '$3' is not in any zone" >&2; exit 1; }; rm "zone.$3" ;;
GetLink) printf '{"type":"o","data":["/org/freedesktop/resolve1/link/_%s"]}' "$2" ;;
SetLinkDNS) index=$2; shift 5; printf '{"data":[[2,[%s]]]}' "$(echo "$*" | tr ' ' ,)" >"property.DNS.$index" ;;
SetLinkDomains) printf '{"data":[["%s",%s]]}' "$4" "$5" >"property.Domains.$2" ;;
RevertLink) rm -f "property.DNS.$2" "property.Domains.$2" ;;
esac
`;
  writeFileSync(join(folder, 'busctl'), text);
  chmodSync(join(folder, 'busctl'), 0o755);
  process.env['PATH'] = `${folder}:${process.env['PATH'] ?? ''}`;
  return { folder, state: () => state(folder) };
}

function state(folder: string): Readonly<Record<string, string>> {
  const devices = readdirSync('/sys/class/net').filter((dev) => existsSync(`/sys/class/net/${dev}/ifindex`));
  const names = new Map(devices.map((dev) => [readFileSync(`/sys/class/net/${dev}/ifindex`, 'utf8').trim(), dev]));
  const out: Record<string, string> = {};
  for (const file of readdirSync(folder).sort()) {
    const [kind, name = '', index = ''] = file.split('.');
    const content = (): string => readFileSync(join(folder, file), 'utf8');
    if (kind === 'zone') out[`zone of ${name}`] = content();
    const dev = names.get(index);
    if (kind === 'property' && dev !== undefined) out[`${name} of ${dev}`] = content();
  }
  return out;
}
