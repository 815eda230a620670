import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The tools that tell a switch of a guest, played by scripts that keep what they were told in files. */
export interface FakeSwitches {
  /**
   * What is held: `vsi DEV UUID` by lldpad, `profile IFINDEX` by a card that has port profiles, `bound UUID` by MidoNet's agent; each with the
   * words of the request.
   */
  state(): Readonly<Record<string, string>>;
}

/** vdptool(8): an association is asked for, ended, or shown where lldpad holds it. */
const VDPTOOL = `
verb= dev= mode= uuid= words=
while [ $# -gt 0 ]; do
  case $1 in
  -t | -T) verb=$1 ;;
  -i) shift; dev=$1 ;;
  -V) shift; mode=$1 ;;
  -c)
    shift
    case $1 in
    uuid=*) uuid=\${1#uuid=} ;;
    mode=*) ;;
    *) words="$words $1" ;;
    esac
    ;;
  esac
  shift
done
file="vsi $dev $uuid"
case $verb$mode in
-tassoc) [ -e "$file" ] || { echo 'No such VSI'; exit 1; }; echo "uuid = $uuid" ;;
-Tassoc) printf %s "$words" >"$file" ;;
-Tdeassoc) [ -e "$file" ] || { echo 'No such VSI'; exit 1; }; rm "$file" ;;
*) exit 2 ;;
esac
`;

/** socat(1), with a kernel behind it that says yes (NLMSG_ERROR with error 0). The bytes are those of rtnetlink(7) and linux/if_link.h. */
const SOCAT = `
hex=$(od -An -v -tx1 | tr -d ' \\n')
index=$(printf %s "$hex" | cut -c41-48)
rest=$(printf %s "$hex" | cut -c65-)
case $rest in
*0500060002*) printf %s "$rest" >"profile $index" ;;
*0500060003*) rm "profile $index" ;;
esac
printf '\\044\\0\\0\\0\\002\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0'
`;

const MM_CTL = `
case $1 in
--bind-port) printf %s "$3" >"bound $2" ;;
--unbind-port) rm "bound $2" ;;
esac
`;

/** Puts the fakes before everything else on PATH. The files end with TMPDIR. */
export function fakeSwitches(): FakeSwitches {
  const tools = mkdtempSync(join(tmpdir(), 'switches-'));
  const held = mkdtempSync(join(tmpdir(), 'held-'));
  for (const [tool, script] of Object.entries({ vdptool: VDPTOOL, socat: SOCAT, 'mm-ctl': MM_CTL })) {
    writeFileSync(join(tools, tool), `#!/bin/sh\ncd '${held}'${script}`);
    chmodSync(join(tools, tool), 0o755);
  }
  process.env['PATH'] = `${tools}:${process.env['PATH'] ?? ''}`;
  return {
    state: () =>
      Object.fromEntries(
        readdirSync(held)
          .sort()
          .map((name) => [name, readFileSync(join(held, name), 'utf8')]),
      ),
  };
}
