import { expect, it } from 'vitest';
import { isMulticastMac, parseMac } from './mac.ts';

it.each([
  ['52:54:00:AB:cd:ef', '52:54:00:ab:cd:ef'],
  ['2:4:0:a:B:f', '02:04:00:0a:0b:0f'],
  ['52:54:00:ab:cd', undefined],
  ['52:54:00:ab:cd:ef:01', undefined],
  ['52-54-00-ab-cd-ef', undefined],
  ['52:54:00:ab:cd:eg', undefined],
  ['52:54:00:ab:cd:ef ', undefined],
])('%s is read as %s', (text, mac) => {
  expect(parseMac(text)).toBe(mac);
});

it('the lowest bit of the first byte marks a group', () => {
  expect(['01:00:5e:00:00:01', '53:54:00:00:00:01', '52:54:00:00:00:01'].map(isMulticastMac)).toEqual([true, true, false]);
});
