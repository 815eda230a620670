import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Diagnostic } from '../base/diagnostic.ts';
import { VirtnetError } from '../base/errors.ts';
import type { ChangeOptions, ChangeResult, NetworkDriver, NetworkInfo } from '../driver/driver.ts';
import { buildNetwork, subnet } from '../network/build.ts';
import type { Plan } from '../plan/plan.ts';
import type { Io } from './io.ts';
import { runProgram } from './program.ts';
import { styleFor } from './render/style.ts';
import { verbs } from './verbs.ts';

const folder = mkdtempSync(join(tmpdir(), 'virtnet-cli-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const network = buildNetwork({ name: 'default', forward: { mode: 'nat' }, bridge: { name: 'virbr0' }, ips: [subnet('10.0.0.1/24')] });
const info: NetworkInfo = {
  name: 'default',
  uuid: '7a3b7497-1ec7-8aef-6d5c-38dff9109e93',
  active: true,
  persistent: true,
  autostart: false,
  bridge: 'virbr0',
  network,
  warnings: [],
};
const oneStep: Plan = {
  steps: [{ op: 'create', kind: 'link', key: 'link virbr0', changed: [], reason: 'not there', disturbance: 'none' }],
  diagnostics: [],
};
const heavy: Plan = {
  ...oneStep,
  steps: [{ op: 'delete', kind: 'link', key: 'link virbr0', changed: [], reason: 'x', disturbance: 'network-down' }],
};
const empty: Plan = { steps: [], diagnostics: [] };

/** A driver that knows one network; `calls` tells what was asked of it. */
function fakeDriver(plan: Plan, calls: string[], networks = [info]): NetworkDriver {
  const change = (what: string, options: ChangeOptions | undefined): Promise<ChangeResult> => {
    calls.push(`${what}${options?.dryRun === true ? ' dry' : ''}`);
    return Promise.resolve({ plan, applied: options?.dryRun !== true, networks });
  };
  const only = (name: unknown): Promise<NetworkInfo> =>
    name === 'default'
      ? Promise.resolve(networks.find((n) => n.name === name) ?? info)
      : Promise.reject(
          new VirtnetError({ code: 'VND001', message: `network '${String(name)}' not found`, hint: "did you mean 'default'?" }),
        );
  const methods: Partial<NetworkDriver> = {
    list: () => Promise.resolve(networks),
    problems: () => Promise.resolve([]),
    get: only,
    xml: async (name) => `<network>\n  <name>${(await only(name)).name}</name>\n</network>\n`,
    up: (documents, options) => change(`up ${String(documents.length)}`, options),
    stopAll: (refs, options) => change(`stop ${refs.map(String).join(' ')}`, options),
    warnings: () => Promise.resolve([]),
    diff: () => Promise.resolve(plan),
    daemon: () => Promise.resolve(undefined),
    update: (name, { command, section, parentIndex, affect, fragment }, options) =>
      change(`update ${JSON.stringify(name)} ${command} ${section} ${String(parentIndex)} ${affect} ${fragment}`, options),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return methods as NetworkDriver;
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly calls: readonly string[];
}

async function run(
  argv: readonly string[],
  given: {
    plan?: Plan;
    answer?: boolean;
    stdin?: string;
    waits?: boolean;
    lost?: Diagnostic;
    networks?: NetworkInfo[];
    older?: boolean;
  } = {},
): Promise<Ran> {
  const calls: string[] = [];
  let out = '';
  let err = '';
  const style = styleFor(false, {});
  const io: Io = {
    out: (text) => (out += text),
    err: (text) => (err += text),
    outStyle: style,
    errStyle: style,
    width: 100,
    tableWidth: 100,
    interactive: given.answer !== undefined,
    live: false,
    env: {},
    stdin: () => Buffer.from(given.stdin ?? ''),
    ask: (question) => {
      calls.push(`ask ${question}`);
      return Promise.resolve(given.answer === true);
    },
    choose: () => Promise.resolve(undefined),
    edit: () => Promise.resolve(),
    signal: new AbortController().signal,
    openDriver: (options) => {
      if (given.waits === true) options?.onWait?.({ pid: 7, command: 'virtnet up a\u001b.xml', purpose: 'up', since: '', token: '' });
      if (given.lost) options?.onPutBack?.(given.lost);
      const driver = fakeDriver(given.plan ?? empty, calls, given.networks);
      const daemon = (): Promise<never> => Promise.reject(new VirtnetError({ code: 'VND020', message: 'older' }));
      return Promise.resolve(given.older === true ? { ...driver, daemon } : driver);
    },
  };
  const code = await runProgram(argv, io);
  return { code, out, err, calls };
}

const good = `<network>\n  <name>lab</name>\n  <ip address='10.0.0.1' prefix='24'/>\n</network>\n`;
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('the command line', () => {
  it('shows help on stdout when asked for and on stderr when at a loss', async () => {
    const help = await run(['--help']);
    expect(help).toMatchObject({ code: 0, err: '' });
    for (const verb of verbs) expect(help.out).toContain(`\n  ${verb.name}`);
    expect(await run([])).toMatchObject({ code: 2, out: '' });
  });

  it.each(verbs.map((v) => v.name))('%s --help has an example', async (name) => {
    const { code, out } = await run([name, '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(/Examples:\n {2}# .+\n {2}virtnet /);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it.each(verbs.map((v) => [v.name, v] as const))(
    '%s takes --json where it tells something, and no option that it does not know',
    async (name, verb) => {
      // What these print is a document, a script, or another command's words.
      const speaksItself = ['completion', 'convert', 'dumpxml', 'sandbox'].includes(name);
      expect(verb.options.some(({ flags }) => flags === '--json')).toBe(!speaksItself);
      expect(await run([name, '--no-such-option'])).toMatchObject({ code: 2, out: '' });
    },
  );

  it.each(['show', 'up', 'down', 'dns', 'leases', 'ports'])(
    '%s of a network that is not there fails with 1, as data with --json',
    async (name) => {
      const words = [name, 'nowhere'];
      expect(await run(words)).toMatchObject({ code: 1, out: '' });
      const asData = await run([...words, '--json']);
      expect(asData).toMatchObject({ code: 1, err: '' });
      expect(JSON.parse(asData.out)).toMatchObject({ error: { code: 'VND001' } });
    },
  );

  it.each([
    [['lst'], /unknown verb 'lst'[^]*hint: did you mean one of list, ls/],
    [['help', 'lst'], /unknown verb 'lst'/],
    [['lst', '--help'], /unknown verb 'lst'/],
    [['net-start', 'default'], /unknown verb 'net-start'\n +hint: here it is virtnet start\n/],
    [['doctor'], /unknown verb 'doctor'\n +hint: here it is virtnet status\n/],
    [['connect', 'default'], /unknown verb 'connect'\n +hint: here it is virtnet attach\n/],
    [['list', '--jsn'], /unknown option '--jsn'[^]*hint: did you mean --json/],
    [['show'], /missing required argument 'name'/],
    [['update', 'default', 'ad', 'ip', '<x/>'], /unknown command "ad"[^]*did you mean "add"/],
    [['attach', 'default'], /needs --netns NS or --tap/],
    [['explain', 'VNC999'], /no code "VNC999"/],
    [['validate', '/nonexistent.xml'], /cannot read "\/nonexistent.xml": there is no such file/],
  ])('%j is a usage error', async (argv, words) => {
    const { code, out, err } = await run(argv);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(words);
  });

  it('says what failed, with code and hint, on stderr or as JSON on stdout', async () => {
    expect(await run(['show', 'defalt'])).toMatchObject({
      code: 1,
      out: '',
      err: "error: network 'defalt' not found [VND001]\n      hint: did you mean 'default'?\n",
    });
    const asData = await run(['show', 'defalt', '--json']);
    expect(asData).toMatchObject({ code: 1, err: '' });
    expect(JSON.parse(asData.out)).toEqual({
      error: { code: 'VND001', message: "network 'defalt' not found", hint: "did you mean 'default'?" },
    });
  });
});

describe('status', () => {
  it('exits with 0 where all is well, and with 3 where something is amiss, as data too', async () => {
    expect(await run(['status'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^virtnetd does not run[^]*\ndefault  running  no[^]*All is as it should be\.\n$/) as string,
    });
    const amiss = await run(['status', 'default'], { plan: oneStep });
    expect([amiss.code, amiss.out]).toEqual([3, expect.stringMatching(/! this host differs [^]*link virbr0\n +hint: virtnet repair\n$/)]);
    expect(JSON.parse((await run(['status', '--json'], { plan: oneStep })).out)).toMatchObject({
      ok: false,
      networks: [{ name: 'default' }],
      amiss: [{ hint: 'virtnet repair' }],
      drift: { create: 1 },
    });
    expect(JSON.parse((await run(['status', '--json'])).out)).toMatchObject({ ok: true, amiss: [] });
  });

  it('works through a virtnetd that does not say what it is', async () => {
    const { code, out } = await run(['status'], { older: true });
    expect([code, out]).toEqual([0, expect.stringMatching(/^virtnetd runs, and is older than this virtnet: .+\n\nNAME +STATE/)]);
    expect(JSON.parse((await run(['status', '--json'], { older: true })).out)).toMatchObject({ ok: true, daemon: {} });
  });

  it('tells each finding once', async () => {
    const finding = (code: string, message: string): Diagnostic => ({ code, severity: 'warning', message, source: 'default' });
    const gone = finding('VND013', 'tap0 is gone');
    const plan = { steps: [], diagnostics: [gone, finding('VNC002', 'subnets overlap')] };
    const { out, err } = await run(['status'], { plan, networks: [{ ...info, warnings: [gone] }] });
    expect(out).toContain('! default: tap0 is gone [VND013]\n');
    expect(err).toBe('default: warning: subnets overlap [VNC002]\n');
  });
});

describe('plan, up, diff', () => {
  it('plan exits with 3 when there is something to change, 0 when not, and changes nothing', async () => {
    const net = file('lab.xml', good);
    const pending = await run(['plan', net], { plan: oneStep });
    expect(pending).toMatchObject({ code: 3, calls: ['up 1 dry'], err: `Next: virtnet up ${net}\n` });
    expect(pending.out).toBe('  + link virbr0  not there\n\nPlan: 1 to create, 0 to change, 0 to delete; guests notice nothing.\n');
    expect(await run(['plan', net])).toMatchObject({ code: 0, out: 'No changes: the host is as it should be.\n' });
    expect(await run(['diff'], { plan: oneStep })).toMatchObject({ code: 3, err: 'Next: virtnet repair\n' });
    expect(JSON.parse((await run(['diff', '--json'], { plan: oneStep })).out)).toMatchObject({ plan: { create: 1, change: 0, delete: 0 } });
  });

  it('plan takes what up takes, and offers a line that a shell takes', async () => {
    const { code, calls, err } = await run(['plan', file('my lab.xml', good), 'default', '--bounce'], { plan: oneStep });
    expect({ code, calls, err }).toEqual({
      code: 3,
      calls: ['up 2 dry'],
      err: `Next: virtnet up --bounce '${join(folder, 'my lab.xml')}' default\n`,
    });
    expect((await run(['plan', 'nobody'])).err).toMatch(/network 'nobody' not found/);
  });

  it('says what a power cut took, in any case', async () => {
    const lost: Diagnostic = { code: 'VND018', severity: 'warning', message: "'a.xml' is gone", hint: 'make the change again' };
    const words = "warning: 'a.xml' is gone [VND018]\n      hint: make the change again\n";
    for (const how of [[], ['--json']]) expect((await run(['down', 'default', ...how], { lost })).err).toBe(words);
  });

  it('says for whom it waits, but not to programs', async () => {
    const line = "Waiting for process 7 (virtnet up a\\x1b.xml), which changes this host's networks: up\n";
    expect((await run(['down', 'default'], { waits: true })).err).toBe(line);
    expect((await run(['down', 'default', '--json'], { waits: true })).err).toBe('');
  });

  it('up makes files and names one plan', async () => {
    const { code, calls, out } = await run(['up', file('lab.xml', good), 'default'], { plan: oneStep });
    expect(code).toBe(0);
    expect(calls).toEqual(['up 2 dry', 'up 2']);
    expect(out).toContain('default is up on virbr0: 10.0.0.1/24\n');
  });

  it('shows a name with its control characters made visible, and offers commands that do what they say', async () => {
    const odd: NetworkInfo = { ...info, name: 'a\u009b2J\n$(id)', warnings: [{ code: 'VNC013', severity: 'warning', message: 'x' }] };
    const up = await run(['up', 'default'], { plan: oneStep, networks: [odd] });
    expect(up.out).toContain('\na\\x9b2J\\n$(id) is up on virbr0: 10.0.0.1/24\n');
    const idle = await run(['up', 'default'], { networks: [odd] });
    expect(idle.out).toBe('a\\x9b2J\\n$(id) is up; nothing to change on this host\n');
    expect((await run(['list'], { networks: [odd] })).err).toBe("1 network with warnings: virtnet show $'a\\x9b2J\\n$(id)'\n");
  });

  it('a document with errors stops it before the driver is asked, with the place', async () => {
    const bad = file('bad.xml', `<network>\n  <name>lab</name>\n  <ip address='10.0.0.300' prefix='24'/>\n</network>\n`);
    const { code, calls, err } = await run(['up', bad], { plan: oneStep });
    expect(code).toBe(1);
    expect(calls).toEqual([]);
    expect(err).toMatch(new RegExp(`^${bad}:3:\\d+: error: .*\\n    3 \\|   <ip address`));
  });

  it('asks before guests are disturbed where somebody sits there, and takes no for an answer', async () => {
    const refused = await run(['down', 'default'], { plan: heavy, answer: false });
    expect(refused).toMatchObject({
      code: 1,
      calls: ['stop default dry', 'ask Go on, though all guests lose the network?'],
      err: 'Nothing was changed.\n',
    });
    expect((await run(['down', 'default'], { plan: heavy, answer: true })).calls.at(-1)).toBe('stop default');
    expect((await run(['down', 'default', '--yes'], { plan: heavy, answer: false })).calls).toEqual(['stop default']);
    expect((await run(['down', 'default'], { plan: heavy })).calls).toEqual(['stop default']);
  });

  it('down says of a network that does not run that it does not', async () => {
    const stopped = { ...info, active: false };
    expect(await run(['down', 'default'], { networks: [stopped] })).toEqual({
      code: 0,
      out: 'default is not running\n',
      err: '',
      calls: ['stop default'],
    });
  });

  it('says once that nothing is to change', async () => {
    expect(await run(['up', 'default'])).toMatchObject({
      out: 'default is up; nothing to change on this host\n',
      err: 'Next: virtnet show default\n',
    });
  });

  it('--dry-run changes nothing', async () => {
    expect((await run(['up', 'default', '--dry-run'], { plan: oneStep })).calls).toEqual(['up 1 dry']);
  });
});

describe('list and update', () => {
  it('list is a table, names, or data', async () => {
    expect((await run(['list'])).out).toBe(
      'NAME     STATE    MODE  BRIDGE  ADDRESSES    GUESTS  AUTOSTART  STORED\ndefault  running  nat   virbr0  10.0.0.1/24       0  no         yes\n',
    );
    expect((await run(['ls', '--name'])).out).toBe('default\n');
    expect((await run(['list', '--all', '--name'])).out).toBe('default\n'); // as virsh's users have it in their fingers
    expect((await run(['list', '--inactive', '--name'])).out).toBe('');
    expect(JSON.parse((await run(['list', '--json'])).out)).toMatchObject({
      networks: [{ name: 'default', active: true, addresses: ['10.0.0.1/24'], guests: 0 }],
    });
  });

  it('a wrong command line is told to programs too', async () => {
    for (const argv of [
      ['plan', '--json'],
      ['list', '--json', '--bogus'],
      ['list', 'extra', '--json'],
      ['lst', '--json'],
    ]) {
      const { code, out } = await run(argv);
      expect([code, JSON.parse(out)], argv.join(' ')).toMatchObject([
        2,
        { error: { code: 'VNU001', message: expect.stringMatching(/\w/) as string } },
      ]);
    }
    expect((await run(['list', '--bogus'])).out).toBe('');
  });

  it('attach refuses options that mean nothing where the guest goes', async () => {
    expect((await run(['attach', 'default', '--tap', '--dev', 'x'])).err).toMatch(
      /--dev is not for --tap[^]*--netns; --name names the device on the host/,
    );
    expect((await run(['attach', 'default', '--netns', 'x', '--qemu'])).code).toBe(2);
  });

  it('export-libvirt says that there is nothing to export', async () => {
    const none = { networks: [] };
    expect(await run(['export-libvirt', '--to', folder], none)).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringMatching(/^No def/) as string,
    });
    expect(JSON.parse((await run(['export-libvirt', '--to', folder, '--json'], none)).out)).toEqual({ files: [] });
  });

  it('update passes section, command and fragment on', async () => {
    const { code, calls } = await run([
      'net-update',
      'default',
      'add',
      'ip-dhcp-host',
      "<host ip='10.0.0.9'/>",
      '--live',
      '--config',
      '--parent-index',
      '0',
    ]);
    expect(code).toBe(0);
    expect(calls).toEqual(['update "default" add-last ip-dhcp-host 0 live+config <host ip=\'10.0.0.9\'/>']);
  });
});

describe('documents', () => {
  it('validate names good ones, shows bad ones, and fails when any is bad', async () => {
    const [fine, bad] = [file('fine.xml', good), file('worse.xml', '<network>\n  <nam>a</nam>\n</network>\n')];
    expect(await run(['validate', fine])).toMatchObject({ code: 0, out: `${fine}: ok\n`, err: '' });
    const both = await run(['validate', fine, bad]);
    expect(both.code).toBe(1);
    expect(both.out).toContain('hint: did you mean <name>?');
    expect(both.err).toMatch(/1 error, 1 warning in 2 documents/);
    const data = JSON.parse((await run(['validate', '--json', bad])).out) as { files: { diagnostics: { position: unknown }[] }[] };
    expect(data.files[0]?.diagnostics[0]?.position).toBeDefined();
    expect(await run(['validate', '-'], { stdin: good })).toMatchObject({ code: 0, out: '<stdin>: ok\n' });
  });

  it.each(['validate', 'format', 'up', 'plan', 'define', 'convert'])('%s takes stdin once', async (verb) => {
    const twice = await run([verb, '-', '-'], { stdin: good });
    expect(twice).toMatchObject({
      code: 2,
      out: '',
      calls: [],
      err: expect.stringMatching(/"-" is given more than once[^]*hint: leave one/) as string,
    });
    if (verb === 'convert') return; // what it prints is data anyway
    const { code, out, err } = await run([verb, '-', '-', '--json'], { stdin: good });
    expect([code, err]).toEqual([2, '']);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'VNU001' } });
  });

  it('format prints, checks and writes; comments stay', async () => {
    const path = file('messy.xml', `<network><!-- why --><name>lab</name></network>`);
    const laid = '<network>\n  <!-- why -->\n  <name>lab</name>\n</network>\n';
    expect((await run(['format', path])).out.replace('<network> <!--', '<network>\n  <!--')).toBe(laid);
    expect(await run(['format', '--check', path])).toMatchObject({ code: 1, out: `${path}\n` });
    expect((await run(['format', '--write', path])).code).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(laid);
    expect(await run(['format', '--check', path])).toMatchObject({ code: 0, out: '' });
  });

  it('says of a document that is nested too deeply that it is', async () => {
    const deep = [
      file('deep.json', '['.repeat(20_000) + ']'.repeat(20_000)),
      file('deep.yaml', `name: x\nips:\n${'- '.repeat(20_000)}x\n`),
    ];
    for (const verb of ['validate', 'format', 'convert'])
      for (const one of deep) {
        const { code, out, err } = await run([verb, one]);
        expect([code, out + err], `${verb} ${one}`).toEqual([1, expect.stringMatching(/: error: what begins here is nested too deeply/)]);
      }
    const brackets = file('brackets.json', JSON.stringify({ name: 'x', description: '[{'.repeat(1000) }));
    expect((await run(['validate', brackets])).code).toBe(0);
  });

  it('format keeps what the letters are, whatever their bytes', async () => {
    const latin1 = join(folder, 'latin1.xml');
    writeFileSync(latin1, Buffer.from("<?xml version='1.0' encoding='ISO-8859-1'?><network><name>caf\u00e9</name></network>", 'latin1'));
    expect((await run(['format', '--write', latin1])).code).toBe(0);
    expect(readFileSync(latin1, 'utf8')).toBe("<?xml version='1.0' encoding='UTF-8'?>\n<network>\n  <name>caf\u00e9</name>\n</network>\n");
    const yaml = join(folder, 'latin1.yaml');
    const bytes = Buffer.from('name:   caf\u00e9\n', 'latin1');
    writeFileSync(yaml, bytes);
    expect(await run(['format', '--write', yaml])).toMatchObject({ code: 1, err: expect.stringContaining('not valid UTF-8') as string });
    expect(readFileSync(yaml)).toEqual(bytes);
  });

  it('convert goes to YAML and JSON and back', async () => {
    const xml = file('there.xml', good);
    const yaml = (await run(['convert', xml])).out;
    expect(yaml).toBe('name: lab\nips:\n  - address: 10.0.0.1\n    prefix: 24\n');
    const json = (await run(['convert', xml, '--to', 'json'])).out;
    expect(JSON.parse(json)).toEqual({ name: 'lab', ips: [{ address: '10.0.0.1', prefix: 24 }] });
    const canonical = (await run(['convert', xml, '--to', 'xml'])).out;
    expect((await run(['convert', file('there.yaml', yaml), '--to', 'xml'])).out).toBe(canonical);
    expect((await run(['convert', file('there.json', json), '--to', 'xml'])).out).toBe(canonical);
  });

  it('finds the place in a YAML document', async () => {
    const path = file('bad.yaml', 'name: lab\nips:\n  - adress: 10.0.0.1\n');
    const { code, out } = await run(['validate', path]);
    expect(code).toBe(1);
    expect(out).toContain(`${path}:3:13: error: unknown field "adress" [VNJ003]\n    3 |   - adress: 10.0.0.1\n`);
    const wrong = file('wrong.yaml', 'name: lab\nips:\n  - address: 10.0.0.300\n    prefix: 24\n');
    expect((await run(['validate', wrong])).out).toContain(`${wrong}:3:14: error:`);
  });

  it('explains networks in sentences and codes with examples', async () => {
    const { out } = await run(['explain', file('lab.xml', good)]);
    expect(out).toContain('Who reaches whom\n  - Guests talk with each other and with the host.\n');
    expect((await run(['explain', 'vnj003'])).out).toContain('VNJ003  unknown field');
  });
});
