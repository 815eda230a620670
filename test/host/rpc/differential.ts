import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutEmptyLine } from '../../support/empty-document.ts';
import { makeLab, startVirtnetd } from '../../support/virtnetd.ts';
import { differences } from './differences.ts';
import { otherScripts, type Script, updateScripts } from './virsh-scripts.ts';

interface Outcome {
  readonly argv: readonly string[];
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}
type Results = readonly { readonly name: string; readonly outcomes: readonly Outcome[] }[];

const run = promisify(execFile);
const runner = 'test/host/rpc/virsh-runner.mjs';

/** What a person sees of one command. */
function seen({ argv, code, stdout, stderr }: Outcome): string {
  return withoutEmptyLine(`virsh ${argv.join(' ')}\n[${code}]\n${stdout}${stderr}`);
}

const reasonFor = (script: string, { argv }: Outcome): string | undefined =>
  differences.find((d) => d.script === script && d.command === argv.join(' '))?.reason;

/** Declares one test for each script: virsh shows the same of libvirtd and of virtnetd, command by command. */
export function virshShowsTheSame(scripts: readonly Script[]): void {
  let folder: string;
  let libvirt: Results;
  let virtnet: Results;

  beforeAll(async () => {
    // The oracle has namespaces of its own; /tmp is the same in both.
    folder = mkdtempSync('/tmp/differential-');
    const file = (name: string): string => join(folder, name);
    writeFileSync(file('scripts.json'), JSON.stringify(scripts));
    await using _daemon = await startVirtnetd({ sockets: '/run/libvirt' });
    makeLab();
    const env = { ...process.env, LIBVIRT_DEFAULT_URI: 'network:///system' };
    await Promise.all([
      run('test/oracle/with-libvirtd', ['--lab', process.execPath, runner, file('scripts.json'), file('libvirt.json')], {
        env: { ...env, TMPDIR: '/tmp' },
      }).catch((error: unknown) => {
        throw new Error(`the oracle: ${String(error)}`);
      }),
      run(process.execPath, [runner, file('scripts.json'), file('virtnet.json')], { env }),
    ]);
    libvirt = JSON.parse(readFileSync(file('libvirt.json'), 'utf8')) as Results;
    virtnet = JSON.parse(readFileSync(file('virtnet.json'), 'utf8')) as Results;
  }, 295_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe('virsh against libvirtd and virtnetd', () => {
    test.each(scripts.map(({ name }, i) => [name, i] as const))('%s', (name, i) => {
      const theirs = libvirt[i]?.outcomes ?? [];
      const ours = virtnet[i]?.outcomes ?? [];
      expect(ours.length).toBe(theirs.length);
      expect(theirs.length).toBeGreaterThan(0);
      const wrong = theirs.flatMap((their, j) => {
        const our = ours[j];
        if (our === undefined || seen(our) === seen(their) || reasonFor(name, their) !== undefined) return [];
        return [`--- libvirt: ${seen(their)}\n+++ virtnet: ${seen(our)}`];
      });
      expect(wrong.join('\n')).toBe('');
    });

    test('every listed difference is one', () => {
      const stale = differences.filter(({ script, command }) => {
        const i = scripts.findIndex((s) => s.name === script);
        if (i < 0) return ![...updateScripts, ...otherScripts].some(({ name }) => name === script);
        const pairs = (libvirt[i]?.outcomes ?? []).map((their, j) => [their, virtnet[i]?.outcomes[j]] as const);
        return !pairs.some(([their, our]) => their.argv.join(' ') === command && our !== undefined && seen(their) !== seen(our));
      });
      expect(stale).toEqual([]);
    });
  });
}
