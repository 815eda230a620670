import { expect, test } from 'vitest';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { NetworkInfo } from '../driver/driver.ts';
import { buildNetwork } from '../network/build.ts';
import type { Plan, Step } from '../plan/plan.ts';
import { amissOf, type Findings } from './amiss.ts';

const A = '7a3b7497-1ec7-8aef-6d5c-38dff9109e93';
const B = '11111111-1111-4111-8111-111111111111';

function info(name: string, uuid: string, more: Partial<NetworkInfo> = {}): NetworkInfo {
  return { name, uuid, active: true, persistent: true, autostart: true, network: buildNetwork({ name }), warnings: [], ...more };
}

/** A step about a sysctl of a network, or of all. */
function step(key: string, network?: string): Step {
  const after = { kind: 'sysctl', path: key, value: '1', ...(network === undefined ? {} : { owner: { network } }) } as const;
  return { op: 'create', kind: 'sysctl', key, after, changed: [], reason: 'not there', disturbance: 'none' };
}

const warning = (code: string, source: string): Diagnostic => ({ code, severity: 'warning', message: `${code} of ${source}`, source });
const NO_DRIFT: Plan = { steps: [], diagnostics: [] };

function amiss(found: Partial<Findings>): readonly string[] {
  const all = amissOf({ networks: [info('a', A), info('b', B)], drift: NO_DRIFT, warnings: [], problems: [], ...found });
  return all.map(({ network = 'host', code = '', message, hint = '' }) => `${network}|${code}|${message}|${hint}`);
}

test('nothing is amiss where what runs is whole, and what stopped need not run', () => {
  expect(
    amiss({ networks: [info('a', A), info('b', B, { active: false, autostart: false, warnings: [warning('VND013', 'b')] })] }),
  ).toEqual([]);
});

test('a network that is to start at boot and does not run is, with what starts it', () => {
  const networks = [info('my lab', A, { active: false })];
  expect(amiss({ networks })).toEqual(["my lab||is to start at boot, and does not run|virtnet start 'my lab'"]);
});

test('drift is told with its network, in its order, and what networks share apart', () => {
  const steps = [step('x/4'), step('b/1', B), step('a/1', A), step('a/2', A), step('a/3', A), step('a/4', A)];
  expect(amiss({ drift: { steps, diagnostics: [] } })).toEqual([
    'a||this host differs from what it says in 4 places: a/1, a/2, a/3, ...|virtnet repair a',
    'b||this host differs from what it says in 1 place: b/1|virtnet repair b',
    'host||this host differs from what its networks say in 1 place: x/4|virtnet repair',
  ]);
});

test("other's rules, guests that are gone, networks this host cannot carry and unreadable files are; mere warnings are not", () => {
  const failed: Diagnostic = { code: 'VNC004', severity: 'error', message: 'no such device', source: 'b' };
  const found = amiss({
    networks: [info('a', A, { warnings: [warning('VND013', 'a')] }), info('b', B)],
    drift: { steps: [], diagnostics: [failed, warning('VNC002', 'a')] },
    warnings: [warning('VNC013', 'a')],
    problems: [{ code: 'VND005', severity: 'error', message: 'c.xml cannot be read' }],
  });
  expect(found).toEqual([
    'a|VND013|VND013 of a|',
    'a|VNC013|VNC013 of a|',
    'b|VNC004|no such device|',
    'host|VND005|c.xml cannot be read|',
  ]);
});
