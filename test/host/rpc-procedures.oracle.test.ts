// last: procedures that few programs call
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutEmptyLine } from '../support/empty-document.ts';
import { startVirtnetd } from '../support/virtnetd.ts';

/** The wire itself, libvirtd's beside virtnetd's: every procedure number called with zeros, those of other programs, and the sessions of programs without libvirt's C library. */

const run = promisify(execFile);
/** Calls that end libvirtd 11.3 itself when it has the network driver alone. virtnetd says that it has no such function. */
const FATAL = [87, 98, 154, 155, 156, 378];
/** Answers of the RPC layer of other families, whose objects nobody can hold here: their events, two calls that pass a zero count or a descriptor. */
const OWN_LAYER = [106, 159, 168, 249, 317, 369, 375, 381];
/** Likewise of QEMU's program: taking over a process, whose number libvirt looks at first, and the end of its event. */
const QEMU_OWN = ['program 536903815 version 1, 2', 'program 536903815 version 1, 5'];
/** Opened without a URI: libvirtd looks for a hypervisor, a network daemon has but itself. */
const OPEN = 1;
/** Fails without a reason of its own: libvirtd gives whatever error its thread had last. */
const POLKIT = 70;

type Answers = ReadonlyMap<string, string>;
let folder: string;
let libvirt: Answers;
let virtnet: Answers;
let sessions: { readonly libvirt: readonly string[]; readonly virtnet: readonly string[] };

beforeAll(async () => {
  folder = mkdtempSync('/tmp/procedures-');
  const file = (name: string): string => join(folder, name);
  const programs = ['procedures', 'sessions'] as const;
  for (const name of programs) {
    const options = { bundle: true, platform: 'node', format: 'esm', target: 'node20' } as const;
    buildSync({ entryPoints: [`test/host/rpc/${name}.ts`], outfile: file(`${name}.mjs`), ...options });
  }
  await using daemon = await startVirtnetd();
  await run(process.execPath, [file('procedures.mjs'), daemon.readWrite, daemon.readOnly, file('procedures.virtnet')]);
  await run(process.execPath, [file('sessions.mjs'), daemon.readWrite, file('sessions.virtnet')]);
  const env = { ...process.env, SKIP: FATAL.join(','), TMPDIR: '/tmp' };
  const both =
    'cd "$1"; s=/run/libvirt/libvirt-sock; "$0" sessions.mjs $s sessions.libvirt && exec "$0" procedures.mjs $s $s-ro procedures.libvirt';
  await run('test/oracle/with-libvirtd', ['sh', '-c', both, process.execPath, folder], { env });
  const read = (name: string): unknown => JSON.parse(readFileSync(file(name), 'utf8'));
  const answers = (who: string): Answers =>
    new Map((read(`procedures.${who}`) as [string, string][]).map(([call, answer]) => [call, withoutEmptyLine(answer)]));
  [libvirt, virtnet] = [answers('libvirt'), answers('virtnet')];
  sessions = { libvirt: read('sessions.libvirt') as string[], virtnet: read('sessions.virtnet') as string[] };
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const numberOf = (call: string): number => Number(call.split(' ').at(-1));
/** Code and domain of an error. */
const kindOf = (answer: string | undefined): string =>
  answer?.startsWith('[') === true ? (JSON.parse(answer) as number[]).slice(0, 2).join('/') : 'ok';

test('every number but those with a reason gets the same answer, byte for byte', () => {
  expect(libvirt.size).toBeGreaterThan(1800);
  const wrong = [...libvirt].flatMap(([call, theirs]) => {
    const ours = virtnet.get(call);
    if (ours === theirs) return [];
    const number = numberOf(call);
    if (call === `not opened ${OPEN}` || number === POLKIT) return [];
    if (number === 313) return ours?.startsWith('ok ') === true && theirs.startsWith('ok ') ? [] : [`${call}: ${theirs} | ${String(ours)}`];
    // libvirt looks at the arguments first; with good ones it has no such function either.
    if (kindOf(theirs).startsWith('8/') && kindOf(ours) === kindOf(theirs).replace('8/', '3/')) return [];
    if (QEMU_OWN.some((own) => call.endsWith(own))) return [];
    if (OWN_LAYER.includes(number) && kindOf(ours).startsWith('3/')) return [];
    return [`${call}: ${theirs} | ${String(ours)}`];
  });
  expect(wrong).toEqual([]);
});

test('a program that speaks the protocol by itself, as go-libvirt does, sees no difference in any field', () => {
  expect(sessions.libvirt.length).toBeGreaterThan(150);
  expect(sessions.virtnet).toEqual(sessions.libvirt);
});

test('what ends libvirtd is refused', () => {
  expect(virtnet.get(`not opened ${OPEN}`)).toBe('ok ');
  const fatal = FATAL.flatMap((number) => ['read-write', 'read-only'].map((how) => kindOf(virtnet.get(`${how} ${number}`))));
  expect(new Set(fatal)).toEqual(new Set(['3/18', '3/26']));
});
