import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** MidoNet's tool, played by a script that keeps what is bound in files. */
export interface FakeMidonet {
  /** The device by the port's uuid. */
  state(): Readonly<Record<string, string>>;
}

/** Puts the fake before everything else on PATH. The files end with TMPDIR. */
export function fakeMidonet(): FakeMidonet {
  const folder = mkdtempSync(join(tmpdir(), 'midonet-'));
  const text = `#!/bin/sh
case $1 in
--bind-port) printf %s "$3" >'${folder}'/"bound.$2" ;;
--unbind-port) rm '${folder}'/"bound.$2" ;;
esac
`;
  writeFileSync(join(folder, 'mm-ctl'), text);
  chmodSync(join(folder, 'mm-ctl'), 0o755);
  process.env['PATH'] = `${folder}:${process.env['PATH'] ?? ''}`;
  const bound = (): readonly string[] => readdirSync(folder).filter((name) => name.startsWith('bound.'));
  return {
    state: () => Object.fromEntries(bound().map((name) => [name.slice('bound.'.length), readFileSync(join(folder, name), 'utf8')])),
  };
}
