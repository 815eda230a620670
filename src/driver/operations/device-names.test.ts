import { expect, test } from 'vitest';
import { countingNames, freeName } from './device-names.ts';

test('names count upwards, pass over those that are taken, and give back none that was just freed', () => {
  const taken = new Set(['vnet1']);
  const name = countingNames();
  const give = (): string => name('vnet', (n) => taken.has(n));
  expect([give(), give(), give()]).toEqual(['vnet0', 'vnet2', 'vnet3']);
  expect(name('macvtap', (n) => taken.has(n))).toBe('macvtap0');
  taken.clear();
  expect(give()).toBe('vnet4');
});

test('in a guest the lowest name that is free is taken', () => {
  expect(freeName('eth', new Set(['eth0', 'eth2']))).toBe('eth1');
});
