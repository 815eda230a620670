import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE_MS, patiently } from '../support/patience.ts';
import { LAB, ROADS, takeRoad, type Ran, type Road } from '../support/roads.ts';

/** `virtnet edit` on the real kernel, alone and through virtnetd: editors are scripts, and on a terminal somebody answers. */
const folder = mkdtempSync(join(tmpdir(), 'edit-'));

let road: Road;
const virtnet = (...args: string[]): Ran => road.virtnet(...args);
const edit = (editor: string, ...args: string[]): Ran => road.run('bin/virtnet', ['edit', 'lab', ...args], { VISUAL: '', EDITOR: editor });
const stored = (): string => virtnet('dumpxml', 'lab', '--inactive').stdout;
const addresses = (): string => road.run('ip', ['-brief', 'address', 'show', 'vblab']).stdout;

const lab = join(folder, 'lab.xml');

/** A program that changes its last argument with sed(1), after so many lines of shell. */
function editor(name: string, expression: string, before = ''): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${before}\nexec sed -i '${expression}' "$1"\n`);
  chmodSync(path, 0o755);
  return path;
}

/**
 * The command on a terminal of its own; what is shown is answered. Resolves with its exit code and all that was shown.
 * script(1) has $SHELL run the line. A Ctrl-C goes to a shell that stays as well, and its end ends the terminal: none stays.
 */
async function onTerminal(
  line: string,
  answers: readonly (readonly [string, string])[],
  more: NodeJS.ProcessEnv,
): Promise<{ code: number | null; shown: string }> {
  const child = spawn('script', ['-qefc', `exec ${line}`, '/dev/null'], {
    env: { ...road.env, SHELL: '/bin/sh', TERM: 'dumb', ...more },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const pending = [...answers];
  let shown = '';
  let from = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [prompt, answer] = pending[0] ?? [];
    if (prompt === undefined || !shown.includes(prompt, from)) return;
    from = shown.length;
    pending.shift();
    child.stdin.write(answer ?? '');
  });
  const ended = new Promise<number | null>((resolve) => void child.once('close', resolve));
  const code = await patiently('the end of the command', ended, () => shown);
  expect(pending, shown).toEqual([]);
  return { code, shown };
}

describe.each(ROADS)('%s', (name) => {
  beforeAll(async () => {
    road = await takeRoad(name, folder);
    writeFileSync(lab, LAB);
    expect(virtnet('define', lab).status).toBe(0);
  }, PATIENCE_MS);
  afterAll(async () => {
    virtnet('down', 'lab', '--yes');
    virtnet('undefine', 'lab');
    await road[Symbol.asyncDispose]();
  });

  test('a stopped network is defined anew and stays stopped; arguments of the editor are its own', () => {
    const ran = edit("sed -i 's/10.9.0.20/10.9.0.30/'");
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toContain('lab is changed; it does not run\n');
    expect(stored()).toContain("end='10.9.0.30'");
    expect(addresses()).toBe('');
  });

  test('a running network is changed', () => {
    expect(virtnet('start', 'lab').status).toBe(0);
    const { status, stdout } = edit(editor('renumber', 's/10\\.9\\.0\\./10.9.1./g'), '--yes');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\+ address 10\.9\.1\.1\/24 on vblab[^]*lab is changed, and runs by it now/);
    expect(addresses()).toContain('10.9.1.1/24');
    expect(stored()).toContain('10.9.1.1');
    expect(virtnet('diff').status).toBe(0);
  });

  test('a dry run shows the plan, and its text can be brought up afterwards', () => {
    const { status, stdout, stderr } = edit(editor('wider', 's/10\\.9\\.1\\.30/10.9.1.40/'), '--dry-run');
    expect(status).toBe(0);
    expect(stdout).toMatch(/dnsmasq[^]*Plan: /);
    expect(stored()).not.toContain('10.9.1.40');
    const next = /^Next: (virtnet up \S+)$/m.exec(stderr)?.[1] ?? '';
    expect(road.run('sh', ['-c', `bin/${next}`]).status).toBe(0);
    expect(stored()).toContain('10.9.1.40');
  });

  test('what is refused stays in a file that is named, as data too', () => {
    const before = stored();
    const { status, stderr } = edit(editor('broken', 's/<forward /&oops /'));
    expect(status).toBe(1);
    const kept = /^What you wrote is in (\S+)$/m.exec(stderr)?.[1] ?? '';
    expect(readFileSync(kept, 'utf8')).toContain('<forward oops ');
    expect(stderr).toMatch(/lab\.xml:\d+:\d+/);
    const taken = edit(editor('subnet', 's/10\\.9\\.1\\.1/999.9.9.9/'), '--json');
    const { error } = JSON.parse(taken.stdout) as { error: { details: { file: string } } };
    expect(readFileSync(error.details.file, 'utf8')).toContain('999.9.9.9');
    expect(stored()).toBe(before);
  });

  test('unchanged text changes nothing; an editor that fails or is not there neither', () => {
    const before = stored();
    expect(edit('true')).toEqual({ status: 0, stdout: 'lab is not changed\n', stderr: '' });
    expect(edit('false')).toMatchObject({ status: 1, stderr: expect.stringContaining('the editor ended with exit code 1') as string });
    expect(edit('/nonexistent/vi')).toMatchObject({ status: 1, stderr: expect.stringContaining("no editor '/nonexistent/vi'") as string });
    expect(stored()).toBe(before);
  });

  test("somebody else's change meanwhile is not overwritten", () => {
    const other = `sed 's/10\\.9\\.1\\.40/10.9.1.50/' "$1" > ${folder}/other.xml; bin/virtnet define ${folder}/other.xml >&2`;
    const { status, stderr } = edit(editor('slow', 's/10\\.9\\.1\\.40/10.9.1.60/', other));
    expect(status).toBe(1);
    expect(stderr).toMatch(/changed by somebody else[^]*VND019[^]*What you wrote is in /);
    expect(stored()).toContain('10.9.1.50');
  });

  test('on a terminal the text is edited again, or dropped', async () => {
    const count = join(folder, `${name}.count`);
    const twice = editor(
      'twice',
      's/10\\.9\\.1\\.50/10.9.1.300/',
      `if [ -e '${count}' ]; then exec sed -i 's/10.9.1.300/10.9.1.70/' "$1"; fi; touch '${count}'`,
    );
    const again = await onTerminal('bin/virtnet edit lab', [['drop it? [e/k/d] ', 'e\r']], { EDITOR: twice, VISUAL: '' });
    expect(again.code, again.shown).toBe(0);
    expect(stored()).toContain('10.9.1.70');
    const dropped = await onTerminal('bin/virtnet edit lab', [['drop it? [e/k/d] ', 'd\r']], {
      EDITOR: editor('bad', 's/10\\.9\\.1\\.70/10.9.1.300/'),
      VISUAL: '',
    });
    expect([dropped.code, dropped.shown]).toEqual([1, expect.stringContaining('Nothing was changed.')]);
    expect(existsSync(/(\S+\/virtnet-edit-\w+)\//.exec(dropped.shown)?.[1] ?? '/')).toBe(false);
  });

  test('on a terminal Ctrl-C and Ctrl-D at the question keep the text', async () => {
    for (const key of ['\u0003', '\u0004']) {
      const kept = await onTerminal('bin/virtnet edit lab', [['drop it? [e/k/d] ', key]], {
        EDITOR: editor('bad', 's/10\\.9\\.1\\.70/10.9.1.300/'),
        VISUAL: '',
      });
      expect(kept.code, kept.shown).toBe(1);
      const file = /What you wrote is in (\S+)/.exec(kept.shown)?.[1] ?? '';
      expect(readFileSync(file, 'utf8')).toContain('10.9.1.300');
    }
  });

  test("on a terminal Ctrl-C is the editor's", async () => {
    const patient = editor(
      'patient',
      's/10\\.9\\.1\\.70/10.9.1.80/',
      `trap 'got=1' INT; echo ready; while [ -z "$got" ]; do sleep 0.1; done`,
    );
    const { code, shown } = await onTerminal('bin/virtnet edit lab', [['ready', '\u0003']], { EDITOR: patient, VISUAL: '' });
    expect(code, shown).toBe(0);
    expect(stored()).toContain('10.9.1.80');
  });
});
