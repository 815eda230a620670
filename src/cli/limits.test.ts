import { describe, expect, test } from 'vitest';
import { bandwidthOf, vlanOf } from './limits.ts';

describe('--bandwidth', () => {
  test('is average, peak and burst for each direction', () => {
    expect(bandwidthOf('1000')).toEqual({ bandwidth: { inbound: { average: 1000 } } });
    expect(bandwidthOf('1000,2000,512/500')).toEqual({
      bandwidth: { inbound: { average: 1000, peak: 2000, burst: 512 }, outbound: { average: 500 } },
    });
    expect(bandwidthOf('/500,600')).toEqual({ bandwidth: { outbound: { average: 500, peak: 600 } } });
    expect(bandwidthOf(undefined)).toEqual({});
  });

  test.each(['', '/', '1000/', '0', 'a', '1,2,3,4', '1,,3', '-1', '1/2/3', '1.5'])('refuses %j', (value) => {
    expect(() => bandwidthOf(value)).toThrow(`'${value}' is no bandwidth`);
  });
});

describe('--vlan', () => {
  test('is an access tag alone, a trunk when there are several or when asked for', () => {
    expect(vlanOf('42', false)).toEqual({ vlan: { trunk: false, tags: [{ id: 42 }] } });
    expect(vlanOf('42', true)).toEqual({ vlan: { trunk: true, tags: [{ id: 42 }] } });
    expect(vlanOf('1,4094', false)).toEqual({ vlan: { trunk: true, tags: [{ id: 1 }, { id: 4094 }] } });
  });

  test.each(['0', '4095', 'x', '1,', ' 1'])('refuses %j', (value) => {
    expect(() => vlanOf(value, false)).toThrow('is no VLAN');
  });

  test('is what --trunk needs', () => {
    expect(() => vlanOf(undefined, true)).toThrow('--trunk needs --vlan');
  });
});
