import { describe, expect, test } from 'vitest';
import type { Step } from '../../plan/plan.ts';
import { checkHolders } from './holders.ts';

/** A tap that is made for these, as the last of two steps. */
function steps(holders: { readonly user?: string; readonly group?: string }, op: Step['op'] = 'create'): readonly Step[] {
  const owner = { network: '3e3fce45-4f53-4fa7-bb32-11f34168b82b' };
  const bare = { type: 'tap', vnetHeader: true, multiQueue: false } as const;
  const spec = { ...bare, ...holders };
  const tap = { kind: 'link', name: 't0', spec, owner } as const;
  const step = { op, kind: 'link', changed: [], reason: 'not there', disturbance: 'none' } as const;
  return [
    { ...step, key: 'link t1', after: { ...tap, name: 't1', spec: bare } },
    { ...step, key: 'link t0', ...(op === 'delete' ? { before: tap } : { after: tap }) },
  ];
}

describe('who may open a tap', () => {
  test.each([{}, { user: 'root' }, { user: 'root', group: 'root' }, { user: '4000', group: '4000' }])('%j is known', async (holders) => {
    expect(await checkHolders(steps(holders))).toBeUndefined();
  });

  test.each([
    [{ user: 'no-such-one' }, "could not create link t0: this host knows no user 'no-such-one'"],
    [{ user: 'root', group: '--help' }, "could not create link t0: this host knows no group '--help'"],
    [{ user: '' }, "could not create link t0: this host knows no user ''"],
  ])('%j is not, and the step is named', async (holders, message) => {
    await expect(checkHolders(steps(holders))).rejects.toMatchObject({ code: 'VNP001', message, details: { key: 'link t0' } });
  });

  test('of a tap that goes nobody asks', async () => {
    expect(await checkHolders(steps({ user: 'no-such-one' }, 'delete'))).toBeUndefined();
  });
});
