// last: folders are seldom named like that
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sh } from '../support/driver-documents.ts';
import { readableCopy } from '../support/readable-copy.ts';

const run = process.env['VIRTNET_RUN_DIR'] ?? '';
const uuid = '0a3f2c54-61c2-4a4b-9f53-6f6f3d1f2b11';
const network = `<network><name>odd</name><uuid>${uuid}</uuid><bridge name='virbr94' stp='off'/><ip address='10.94.0.1' prefix='24'>
  <dhcp><range start='10.94.0.50' end='10.94.0.50'/></dhcp></ip></network>`;
const lease = 'ip netns exec guest udhcpc -i eth0 -n -q -f -t 10 -T 1 -s /bin/true 2>&1';
const log = (): string => readFileSync(`${process.env['VIRTNET_STATE_DIR'] ?? ''}/leases/${uuid}.log`, 'utf8');

test('leases are written down where virtnet lies in a folder whose name a shell reads otherwise, with a run folder that is noexec', async () => {
  const odd = readableCopy(`/run/it's "an" odd, $HOME;folder`);
  const virtnet = (words: string): string => sh(`VIRTNET="$(echo /run/it*)/bin/virtnet"; "$VIRTNET" ${words}`);
  sh(`mkdir -p ${run}; mount -t tmpfs -o noexec tmpfs ${run}; ip netns add guest; cat >/run/odd.xml <<'END'\n${network}\nEND`);
  virtnet('up /run/odd.xml');
  virtnet('attach odd --netns guest');
  expect(sh(lease)).toContain('lease of 10.94.0.50 obtained');
  await expect.poll(log).toMatch(/^add \d+ - [0-9a-f:]{17} 10\.94\.0\.50 /m);
  const links = readdirSync(run).filter((name) => name.startsWith('virtnet-lease-'));
  expect(links.map((name) => readlinkSync(join(run, name)))).toEqual([`${odd}/libexec/virtnet-lease`]);
  expect(virtnet('diff')).toContain('No changes');
  // A server that starts again asks for its leases by the link, which is made anew where somebody has cleaned up.
  rmSync(join(run, links[0] ?? ''));
  sh(`kill "$(cat ${run}/dnsmasq/${uuid}/*pid)"`);
  virtnet('repair');
  expect(sh(lease)).toContain('lease of 10.94.0.50 obtained');
  await expect.poll(log).toMatch(/^old \d+ - [0-9a-f:]{17} 10\.94\.0\.50 /m);
  virtnet('detach odd guest');
  virtnet('down odd');
  sh(`umount ${run}`);
});
