// last: calls that no program makes in that order
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutEmptyLine } from '../support/empty-document.ts';
import { makeLab, startVirtnetd } from '../support/virtnetd.ts';

/**
 * Calls in no sensible order, and starts that fail, against libvirtd and virtnetd: every field of every answer and event must be the same.
 * SEEDS=7,8,9 CALLS=600 plays other sessions than the usual two.
 */

const run = promisify(execFile);
const seeds = (process.env['SEEDS'] ?? '31,32').split(',');
const calls = process.env['CALLS'] ?? '400';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync('/tmp/random-'); // the oracle has namespaces of its own; /tmp is the same in both
  for (const name of ['random-session', 'failing-starts', 'documents', 'ill-formed']) {
    const options = { bundle: true, platform: 'node', format: 'esm', target: 'node20' } as const;
    buildSync({ entryPoints: [`test/host/rpc/${name}.ts`], outfile: join(folder, `${name}.mjs`), ...options });
  }
  makeLab();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a program saw of each daemon; `words` stand between the sockets and the file of its results. */
async function both(
  program: string,
  sockets: 'one' | 'two',
  ...words: string[]
): Promise<{ readonly libvirt: string[]; readonly virtnet: string[] }> {
  await using daemon = await startVirtnetd();
  const file = (name: string): string => join(folder, name);
  const line = (readWrite: string, readOnly: string, who: string): string[] => [
    file(`${program}.mjs`),
    readWrite,
    ...(sockets === 'two' ? [readOnly] : []),
    ...words,
    file(who),
  ];
  const socket = '/run/libvirt/libvirt-sock';
  const env = { ...process.env, TMPDIR: '/tmp' };
  await Promise.all([
    run(process.execPath, line(daemon.readWrite, daemon.readOnly, 'virtnet')),
    run('test/oracle/with-libvirtd', ['--lab', process.execPath, ...line(socket, `${socket}-ro`, 'libvirt')], { env }),
  ]);
  const read = (who: string): string[] => (JSON.parse(readFileSync(file(who), 'utf8')) as string[]).map(withoutEmptyLine);
  return { libvirt: read('libvirt'), virtnet: read('virtnet') };
}

test('ill-formed and strange documents are refused and written alike', async () => {
  // First of all: what random sessions leave running has bridge names.
  const { libvirt, virtnet } = await both('documents', 'one');
  expect(libvirt.length).toBeGreaterThan(200);
  expect(virtnet).toEqual(libvirt);
}, 60_000);

/** What libvirt takes and dnsmasq's files cannot say. */
const STRICTER = /may not stand in a host name|holds a line break or control character/;

test('documents made ill-formed by chance are refused in the same words', async () => {
  const { libvirt, virtnet } = await both('ill-formed', 'one', process.env['ILL_FORMED_SEED'] ?? '2', '1200');
  expect(libvirt).toHaveLength(1200);
  expect(libvirt.filter((row) => row.includes('"at line ')).length).toBeGreaterThan(900);
  const wrong = libvirt.flatMap((theirs, i) =>
    theirs === virtnet[i] || STRICTER.test(virtnet[i] ?? '') ? [] : [`${theirs}\n virtnet: ${virtnet[i] ?? ''}`],
  );
  expect(wrong).toEqual([]);
}, 60_000);

test.each(seeds)(
  'a random session, seed %s',
  async (seed) => {
    const { libvirt, virtnet } = await both('random-session', 'two', seed, calls);
    expect(libvirt.length).toBeGreaterThan(Number(calls));
    // libvirt leaves an autostart link behind when a network stops being stored in some ways, and then stumbles over it.
    const wrong = libvirt.flatMap((theirs, i) =>
      theirs === virtnet[i] || theirs.includes('Failed to create symlink')
        ? []
        : [`${theirs}\n virtnet: ${virtnet[i]?.split('\n').at(-1) ?? ''}`],
    );
    expect(wrong).toEqual([]);
    expect(virtnet.length).toBe(libvirt.length);
  },
  120_000,
);

/** What dnsmasq itself refuses: libvirt gives its whole command line, and the rest of the error is the same. */
const WORDS_OF_DNSMASQ = /^(an option that dnsmasq does not know|a folder of TFTP that is not there)/;

test('networks that cannot start are refused alike, each for its own reason', async () => {
  const { libvirt, virtnet } = await both('failing-starts', 'one');
  const comparable = (rows: readonly string[]): readonly string[] =>
    rows.map((row) =>
      WORDS_OF_DNSMASQ.test(row) ? row.replaceAll(/"(internal error: )?(Child process|dnsmasq (?:did|does) not start).*?"/g, '"$1"') : row,
    );
  expect(libvirt.length).toBeGreaterThan(15);
  expect(libvirt.filter((row) => row.includes('"ok":false')).length).toBeGreaterThan(15);
  expect(comparable(virtnet)).toEqual(comparable(libvirt));
  expect(virtnet.find((row) => row.startsWith('an option'))).toContain('bad option at line');
}, 60_000);
