import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { linkLeaseScript, toldLeaseScript } from './lease-script.ts';

const runDir = mkdtempSync(join(tmpdir(), 'virtnet-script-'));
const odd = join(runDir, "it's odd");
const script = join(odd, 'virtnet-lease');
mkdirSync(odd);
writeFileSync(script, '#!/bin/sh\n');
chmodSync(script, 0o755);
afterAll(() => {
  rmSync(runDir, { recursive: true });
});

test('a path that a shell takes as one word is told as it is', () => {
  expect(toldLeaseScript(odd, '/usr/lib/node_modules/@x/virtnet+1~rc/virtnet-lease')).toBe(
    '/usr/lib/node_modules/@x/virtnet+1~rc/virtnet-lease',
  );
});

test.each(['a b', "it's", '"a"', '$HOME', 'a;b', 'a&b', 'a(b)', '*', 'a#b', 'a\\b', '`a`', 'gr\u00fcn'])(
  'for one with %j in it a link is told, which each script has of its own',
  (name) => {
    const [told, other] = [name, `${name}2`].map((folder) => toldLeaseScript('/run/virtnet', `/opt/${folder}/virtnet-lease`));
    expect(told).toMatch(/^\/run\/virtnet\/virtnet-lease-[0-9a-f]{8}$/);
    expect(other).not.toBe(told);
  },
);

test('where both are odd, what to do is said', () => {
  expect(() => toldLeaseScript(odd, script)).toThrow(
    expect.objectContaining({ code: 'VNH002', hint: expect.stringContaining('VIRTNET_RUN_DIR') as string }),
  );
});

test('the link is made once, and only where it is told', () => {
  const paths = { runDir, stateDir: runDir, leaseScript: toldLeaseScript(runDir, script) };
  linkLeaseScript(paths, script);
  linkLeaseScript(paths, script);
  expect(readlinkSync(paths.leaseScript)).toBe(script);
  linkLeaseScript({ ...paths, leaseScript: join(runDir, 'none') }, script);
  expect(readdirSync(runDir)).toHaveLength(2);
});
