import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { memoryHost, type MemoryHost } from '../../../test/support/memory-host.ts';
import { scratch } from '../../../test/support/scratch.ts';
import type { LocalNetworkDriver } from '../../driver/driver.ts';
import { openDriver } from '../../driver/open.ts';
import type { Io } from '../io.ts';
import { styleFor } from '../render/style.ts';
import type { Options } from '../verb.ts';
import { run } from './edit.ts';

/** The verb over the real driver and a host in memory; the editor and the person are functions. */
let folder: string;
let host: MemoryHost;
let driver: LocalNetworkDriver;

const open = (): Promise<LocalNetworkDriver> =>
  openDriver({ configDir: join(folder, 'etc'), stateDir: join(folder, 'state'), runDir: join(folder, 'run'), host });

const LAB = `<network><name>lab</name><bridge name='vblab'/><ip address='10.9.0.1' netmask='255.255.255.0'/></network>`;

beforeEach(async () => {
  folder = mkdtempSync(join(scratch, 'virtnet-edit-test-'));
  vi.stubEnv('TMPDIR', folder);
  host = memoryHost(folder);
  driver = await open();
  await driver.define(LAB);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await driver[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const renamed = (text: string): string => text.replace('vblab', 'vbnew');
const broken = (text: string): string => text.replace("address='10.9.0.1'", "address='10.9.0.999'");
const stored = (): Promise<string> => driver.xml('lab', { inactive: true });

interface Edited {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly asked: readonly string[];
  /** The file that the editor was given. */
  readonly file: string;
}

/**
 * @param edits what the editor makes of the text, one after the other
 * @param answers what the person chooses; without them nobody sits there
 */
async function edit(
  edits: readonly ((text: string) => string | Promise<string>)[],
  { answers, ...options }: Options & { readonly answers?: readonly string[] } = {},
): Promise<Edited> {
  const style = styleFor(false, {});
  const said = { out: '', err: '' };
  const asked: string[] = [];
  const pending = [...edits];
  const chosen = [...(answers ?? [])];
  let file = '';
  const io: Io = {
    out: (text) => (said.out += text),
    err: (text) => (said.err += text),
    ...{ outStyle: style, errStyle: style, width: 100, tableWidth: 100, live: false, env: {} },
    interactive: answers !== undefined,
    stdin: () => Buffer.from(''),
    ask: (question) => Promise.resolve(asked.push(question) > 0 && chosen.shift() === 'y'),
    choose: (question, letters) => Promise.resolve(asked.push(`${question} ${letters}`) > 0 ? chosen.shift() : undefined),
    edit: async (path) => {
      file = path;
      const change = pending.shift();
      if (change) writeFileSync(path, await change(readFileSync(path, 'utf8')));
    },
    signal: new AbortController().signal,
    openDriver: open,
  };
  const code = await run(io, ['lab'], options);
  expect(pending).toEqual([]);
  return { code, ...said, asked, file };
}

describe('an edited definition', () => {
  test('is stored; a stopped network stays stopped, and what is left out stays as it was', async () => {
    const { uuid } = await driver.get('lab');
    const { code, out, file } = await edit([(text) => renamed(text).replace(/.*<uuid>.*\n/, '')]);
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/lab is changed; it does not run\n$/) as string,
    });
    expect(await driver.get('lab')).toMatchObject({ uuid, active: false, bridge: 'vbnew' });
    expect(host.state.size).toBe(0);
    expect(existsSync(file)).toBe(false);
  });

  test('of a running network is carried out, with its plan', async () => {
    await driver.start('lab');
    const { code, out } = await edit([(text) => text.replace('10.9.0.1', '10.9.1.1')]);
    expect(code).toBe(0);
    expect(out).toMatch(/\+ address 10\.9\.1\.1\/24[^]*Plan: [^]*lab is changed, and runs by it now\n$/);
    expect([...host.state.keys()]).toContain('address 10.9.1.1/24 on vblab');
    expect(await driver.xml('lab')).toContain('10.9.1.1');
    expect(await stored()).toContain('10.9.1.1');
  });

  test('that is the text it was changes nothing, not even what a running network has yet to take over', async () => {
    await driver.start('lab');
    await driver.define(await stored().then((text) => text.replace('10.9.0.1', '10.9.2.1')));
    const locks = host.locks.length;
    const { code, out, file } = await edit([(text) => text]);
    expect({ code, out, locks: host.locks.length, isThere: existsSync(file) }).toEqual({
      code: 0,
      out: 'lab is not changed\n',
      locks,
      isThere: false,
    });
    expect(JSON.parse((await edit([(text) => text], { json: true })).out)).toMatchObject({ applied: false, networks: [{ name: 'lab' }] });
  });

  test('of a network that was never defined is stored, and that is told', async () => {
    await driver.undefine('lab');
    await driver.create(LAB);
    const { code, out } = await edit([(text) => text.replace('10.9.0.1', '10.9.1.1')]);
    expect([code, out]).toEqual([0, expect.stringMatching(/lab is changed, and runs by it now; its definition is stored now\n$/)]);
    expect(await driver.get('lab')).toMatchObject({ active: true, persistent: true });
    expect(await stored()).toContain('10.9.1.1');
  });

  test('in a dry run changes nothing, and stays in a file', async () => {
    await driver.start('lab');
    const before = await stored();
    const { code, out, err, file } = await edit([renamed], { dryRun: true });
    expect(code).toBe(0);
    expect(out).toContain('link vbnew');
    expect(err).toContain(`What you wrote is in ${file}\nNext: virtnet up ${file}\n`);
    expect(readFileSync(file, 'utf8')).toContain('vbnew');
    expect(await stored()).toBe(before);
    const data = await edit([renamed], { dryRun: true, json: true });
    expect(data.err).toBe('');
    expect(JSON.parse(data.out)).toMatchObject({ applied: false, file: data.file, networks: [{ name: 'lab' }] });
  });

  test('that a dry run refuses is offered for nothing', async () => {
    const { code, err, file } = await edit([broken], { dryRun: true });
    expect([code, err]).toEqual([1, expect.stringMatching(new RegExp(`\\nWhat you wrote is in ${file}\n$`))]);
  });

  test('that changes nothing on the host says so once, and in a dry run what would change', async () => {
    const entitled = (text: string): string => text.replace('<uuid>', '<title>Lab</title><uuid>');
    expect((await edit([entitled], { dryRun: true })).out).toBe('Only the stored definition of lab would change.\n');
    await driver.start('lab');
    expect((await edit([entitled], { dryRun: true })).out).toBe('No changes: the host is as it should be.\n');
    expect((await edit([entitled])).out).toBe('lab is changed; nothing to change on this host\n');
  });

  test('where nobody can be asked and it is refused stays in a file that is named, with the place of the fault', async () => {
    const before = await stored();
    const { code, err, file } = await edit([broken]);
    expect(code).toBe(1);
    expect(err).toMatch(/lab\.xml:\d+:\d+/);
    expect(err).toMatch(new RegExp(`What you wrote is in ${file}\n$`));
    expect(readFileSync(file, 'utf8')).toBe(broken(before));
    const data = await edit([broken], { json: true });
    const { error } = JSON.parse(data.out) as { error: { details: unknown; diagnostics: { position: unknown }[] } };
    expect([data.code, data.err, error.details]).toEqual([1, '', { file: data.file }]);
    expect(error.diagnostics[0]?.position).toMatchObject({ line: expect.any(Number) as number });
    expect(await stored()).toBe(before);
  });

  test('that is refused is edited again, as it was left', async () => {
    const seen: string[] = [];
    const mend = (text: string): string => (seen.push(text), text.replace('10.9.0.999', '10.9.0.9'));
    const { code, asked } = await edit([broken, mend], { answers: ['e'] });
    expect([code, asked]).toEqual([0, ['Edit again, keep the text in a file, or drop it? ekd']]);
    expect(seen[0]).toContain('10.9.0.999');
    expect(await stored()).toContain('10.9.0.9');
  });

  test('is dropped, or kept, when the person says so; Ctrl-C keeps it', async () => {
    const before = await stored();
    const dropped = await edit([broken], { answers: ['d'] });
    expect([dropped.code, existsSync(dropped.file)]).toEqual([1, false]);
    for (const answers of [['k'], []]) {
      const kept = await edit([broken], { answers });
      expect([kept.code, readFileSync(kept.file, 'utf8')]).toEqual([1, broken(before)]);
      expect(kept.err).toContain(`What you wrote is in ${kept.file}\n`);
    }
    expect(await stored()).toBe(before);
  });

  test('that the host refuses leaves everything as it was, and stays in a file', async () => {
    await driver.start('lab');
    const before = await stored();
    host.refuses.add('address 10.9.1.1/24 on vblab');
    const { code, err, file } = await edit([(text) => text.replace('10.9.0.1', '10.9.1.1')]);
    expect([code, readFileSync(file, 'utf8')]).toEqual([1, before.replace('10.9.0.1', '10.9.1.1')]);
    expect(err).toContain('refused');
    expect(await stored()).toBe(before);
  });

  test('asks before guests are disturbed; a no is asked about the text', async () => {
    await driver.start('lab');
    const before = await stored();
    const { code, asked, file } = await edit([renamed], { answers: ['n', 'k'] });
    expect([code, asked]).toEqual([
      1,
      ['Go on, though all guests lose the network?', 'Edit again, keep the text in a file, or drop it? ekd'],
    ]);
    expect(readFileSync(file, 'utf8')).toBe(renamed(before));
    expect(await stored()).toBe(before);
    expect(await edit([renamed], { answers: [], yes: true })).toMatchObject({ code: 0, asked: [] });
  });

  test.each([true, false])('with another name is refused (the network runs: %s)', async (runs) => {
    if (runs) await driver.start('lab');
    const { code, err } = await edit([(text) => text.replace('<name>lab<', '<name>copy<')]);
    expect([code, err]).toEqual([1, expect.stringMatching(/document of 'lab' says 'copy'[^]*hint: give it back its name/)]);
    expect((await driver.list()).map(({ name }) => name)).toEqual(['lab']);
  });
});

describe('a network that somebody else changes meanwhile', () => {
  const meanwhile = async (text: string): Promise<string> => {
    await driver.define(await stored().then((now) => now.replace('10.9.0.1', '10.9.3.1')));
    return renamed(text);
  };

  test('is not overwritten', async () => {
    const { code, err, file } = await edit([meanwhile]);
    expect([code, err]).toEqual([1, expect.stringContaining('VND019')]);
    expect(readFileSync(file, 'utf8')).toContain('vbnew');
    expect(await stored()).toMatch(/vblab[^]*10\.9\.3\.1/);
  });

  test('is shown beside the text, and overwritten by force', async () => {
    const { code, asked, err } = await edit([meanwhile], { answers: ['f'] });
    expect([code, asked]).toEqual([0, ['Edit again, force your text over it, keep the text in a file, or drop it? efkd']]);
    expect(err).toMatch(/What it says now is in \S+lab\.xml\.theirs\n/);
    expect(await stored()).toMatch(/vbnew[^]*10\.9\.0\.1/);
  });

  test('is merged by who edits again, with the other text at hand', async () => {
    const merge = (text: string): string => {
      const [file = ''] = /\S+$/.exec(text.trim()) ?? [];
      expect(file).toBe('</network>');
      return text.replace('10.9.0.1', '10.9.3.1');
    };
    const { code } = await edit([meanwhile, merge], { answers: ['e'] });
    expect(code).toBe(0);
    expect(await stored()).toMatch(/vbnew[^]*10\.9\.3\.1/);
  });

  test('is not there any more: the text is', async () => {
    const gone = async (text: string): Promise<string> => (await driver.undefine('lab'), renamed(text));
    const { code, err, file } = await edit([gone]);
    expect([code, err, existsSync(file)]).toEqual([1, expect.stringContaining('VND001'), true]);
  });
});
