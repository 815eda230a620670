// last: links seldom come and go that fast
import { spawn } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { IpTool } from '../../src/host/iproute/ip-coprocess.ts';
import type { LinkRow } from '../../src/host/iproute/link-row.ts';
import { sh } from '../support/driver-documents.ts';

const ip = new IpTool();
afterAll(() => {
  ip.close();
});

/** More than the kernel tells at one go, so that a change can fall in between. */
const STEADY = 120;

test('links that come and go while all are listed neither fail the listing nor cut it short', async () => {
  const lines = Array.from({ length: STEADY }, (_, n) => `link add steady${String(n)} type bridge`);
  sh(`printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} | ip -batch -`);
  const restless = spawn('sh', ['-c', 'while ip link add coming type veth peer name going && ip link delete coming; do :; done'], {
    detached: true,
    stdio: 'ignore',
  });
  try {
    for (let i = 0; i < 150; i++) {
      const rows = (await ip.query<LinkRow>(['address', 'show'])) ?? [];
      expect(rows.filter((row) => row.ifname.startsWith('steady'))).toHaveLength(STEADY);
    }
  } finally {
    process.kill(-(restless.pid ?? 0), 'SIGKILL');
  }
});
