import { describe, expect, it } from 'vitest';
import type { Step } from '../../plan/plan.ts';
import { formatPlan } from './plan.ts';
import { styleFor } from './style.ts';

const uuid = '7a3b7497-1ec7-8aef-6d5c-38dff9109e93';
const plain = styleFor(false, {});
const step = (op: Step['op'], key: string, reason: string, disturbance: Step['disturbance'] = 'none'): Step => ({
  op,
  kind: 'link',
  key,
  changed: [],
  reason,
  disturbance,
});

describe('formatPlan', () => {
  it('shows sign, resource and reason, what disturbs guests, and the totals', () => {
    const plan = {
      steps: [
        step('create', 'link virbr0', 'not there'),
        step('change', `dnsmasq ${uuid}`, 'conf changed', 'dns-dhcp-pause'),
        step('delete', 'address 10.0.0.1/24 on virbr0', 'no longer wanted', 'renumber'),
      ],
      diagnostics: [],
    };
    expect(formatPlan(plan, { style: plain, width: 100, names: new Map([[uuid, 'default']]) })).toBe(
      [
        '  + link virbr0                    not there',
        '  ~ dnsmasq of default             conf changed',
        '      ! DNS and DHCP pause under a second',
        '  - address 10.0.0.1/24 on virbr0  no longer wanted',
        '      ! guests get new addresses when they renew',
        '',
        'Plan: 1 to create, 1 to change, 1 to delete; guests get new addresses when they renew.',
        '',
      ].join('\n'),
    );
  });

  it('says so when there is nothing to do', () => {
    expect(formatPlan({ steps: [], diagnostics: [] }, { style: plain, width: 80 })).toBe('No changes: the host is as it should be.\n');
  });

  it('stays within the width', () => {
    const plan = { steps: [step('create', `route ${'2001:db8::/64 '.repeat(8)}`, 'because '.repeat(30))], diagnostics: [] };
    for (const line of formatPlan(plan, { style: plain, width: 60 }).split('\n')) expect(line.length).toBeLessThanOrEqual(87);
    expect(formatPlan(plan, { style: plain, width: 60 }).split('\n')[0]?.length).toBeLessThanOrEqual(60);
  });
});
