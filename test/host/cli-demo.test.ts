import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { readableCopy } from '../support/readable-copy.ts';
import { isRoot } from '../support/root.ts';

/** What `npm start` runs, for one document of each kind. The demo makes its own sandbox inside this test's namespaces. */
interface Outcome {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly seen: string }[];
  readonly left: readonly string[];
}

function run(...command: string[]): { status: number | null; stdout: string; stderr: string } {
  const [program = '', ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
}

function demo(example: string): Outcome {
  const { status, stdout, stderr } = run('bin/virtnet', 'demo', `examples/${example}.xml`, '--json');
  if (status !== 0 && status !== 1) throw new Error(stderr);
  try {
    return JSON.parse(stdout) as Outcome;
  } catch {
    throw new Error(`${stdout}\n${stderr}`);
  }
}

/** The lines of one name: whether each came out as promised, and what was seen. */
function seen(outcome: Outcome, name: string): string[] {
  return outcome.checks.filter((c) => c.name === name).map((c) => c.seen);
}

describe('the demo', () => {
  test('npm start shows the default network and leaves nothing', () => {
    const { status, stdout, stderr } = run('sh', 'scripts/start.sh');
    expect(stdout + stderr).toContain('All as promised.');
    expect(status).toBe(0);
    expect(stdout).toMatch(/guest1 -> guest2 +ping 192\.168\.122\.\d+: /);
    expect(stdout).toMatch(/guest1 -> outside +TCP to 203\.0\.113\.2 arrives from 203\.0\.113\.1, the host's address/);
    expect(stdout).toMatch(/outside -> guest1 +TCP to 192\.168\.122\.\d+: refused/);
    expect(stdout).toMatch(/DNS guest2\.guests\.internal +192\.168\.122\.\d+/);
    expect(stdout).toMatch(/IPv6 guest1 +2001:db8:122:\S+ by router advertisement/);
    expect(stdout).toContain('nothing is left');
    expect(stderr).toContain('Next:');
    expect(run('ip', 'netns', 'list').stdout).toBe('');
    expect(run('ip', '-brief', 'link').stdout.trim().split('\n')).toHaveLength(1);
  });

  test.skipIf(!isRoot)('works without root, where user namespaces are allowed, and in a folder with a blank (only root shows it)', () => {
    const somebody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'env', '-u', 'TMPDIR', 'HOME=/tmp'];
    const copy = readableCopy('/run/readable/a copy');
    const { stdout, stderr } = run(...somebody, `${copy}/bin/virtnet`, 'demo', `${copy}/examples/isolated.xml`);
    expect(stdout + stderr).toContain('All as promised.');
    expect(stderr).toContain(`sudo bin/virtnet up '${copy}/examples/isolated.xml'   for real`);
  });

  test('isolated: guests reach each other and nothing else', () => {
    const outcome = demo('isolated');
    expect(outcome).toMatchObject({ ok: true, left: [] });
    expect(seen(outcome, 'guest1 -> outside').every((s) => s.endsWith('(by design)'))).toBe(true);
  });

  test('routed: both ways, with own addresses', () => {
    const outcome = demo('routed');
    expect(outcome).toMatchObject({ ok: true, left: [] });
    expect(seen(outcome, 'guest1 -> outside')[0]).toMatch(/the guest's own address/);
    expect(seen(outcome, 'outside -> guest1')[0]).toMatch(/arrives/);
  });

  test('a NAT address range: the outside sees one of it', () => {
    const outcome = demo('nat-address-pool');
    expect(outcome).toMatchObject({ ok: true, left: [] });
    expect(seen(outcome, 'guest1 -> outside')[0]).toMatch(/an address of the NAT range/);
  });

  test('a host bridge: guests are members of the LAN', () => {
    expect(demo('host-bridge')).toMatchObject({ ok: true, left: [] });
  });

  test.each(['hostdev-address', 'macvtap-bridge'])('%s: says what cannot be shown, and leaves nothing', (example) => {
    const { status, stdout, stderr } = run('bin/virtnet', 'demo', `examples/${example}.xml`);
    expect(stdout + stderr).toMatch(/Not shown here|no packets are shown/);
    expect(status).toBe(0);
    expect(run('ip', '-brief', 'link').stdout.trim().split('\n')).toHaveLength(1);
  });

  test('a document with errors is refused before anything is made', () => {
    const { status, stderr } = run('sh', '-c', "echo '<network/>' > $TMPDIR/none.xml; bin/virtnet demo $TMPDIR/none.xml");
    expect(status).toBe(1);
    expect(stderr).toMatch(/none\.xml:1:\d+: error/);
    expect(stderr).not.toContain('sandbox');
  });
});
