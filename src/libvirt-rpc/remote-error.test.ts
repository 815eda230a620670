import { describe, expect, test } from 'vitest';
import { VirtnetError } from '../base/errors.ts';
import { refused } from '../driver/errors.ts';
import { toRemoteError } from './convert-error.ts';
import { remoteError } from './remote-error.ts';

describe('errors on the wire', () => {
  test('the detail stands in the form of its code', () => {
    const error = remoteError(43, 19, "no network with matching name '$&'");
    expect(error.toWire()).toMatchObject({
      code: 43,
      domain: 19,
      message: "Network not found: no network with matching name '$&'",
      str1: 'Network not found: %1$s',
      str2: "no network with matching name '$&'",
      level: 2,
      int1: -1,
      int2: -1,
    });
  });

  test('every code of a document’s findings has its form', () => {
    const libvirt = { code: 82, domain: 0, message: "numerical overflow: value '9' is too big" };
    const error = toRemoteError(refused([{ code: 'VNM012', severity: 'error', message: 'too big', libvirt }]));
    expect(error.toWire()).toMatchObject({ ...libvirt, str1: 'numerical overflow: %1$s', str2: "value '9' is too big" });
  });

  test('a code without a detail sends none', () => {
    expect(remoteError(21, 19, 'ignored').toWire()).toMatchObject({ message: 'missing name information', str2: undefined });
  });

  test('what an error says about libvirt is passed on', () => {
    const error = new VirtnetError({
      code: 'VND003',
      message: 'the network runs',
      libvirt: { code: 55, message: 'network is already active' },
    });
    expect(toRemoteError(error).toWire()).toMatchObject({
      code: 55,
      domain: 19,
      message: 'Requested operation is not valid: network is already active',
    });
  });

  test('a finding in a document is told in its own words', () => {
    const libvirt = { code: 27, domain: 5, message: "XML error: expecting root element of 'network', not 'x'" };
    const diagnostics = [
      { code: 'VNM001', severity: 'warning', message: 'odd', libvirt: { code: 1, message: 'internal error: odd' } },
      { code: 'VNM002', severity: 'error', message: 'wrong root', libvirt },
    ] as const;
    const error = toRemoteError(new VirtnetError({ code: 'VNM002', message: 'document refused', diagnostics }));
    expect(error.toWire()).toMatchObject({ ...libvirt, str1: 'XML error: %1$s', str2: "expecting root element of 'network', not 'x'" });
  });

  test('an error that libvirt has no word for is an internal error with the hint', () => {
    const error = toRemoteError(new VirtnetError({ code: 'VNH002', message: "'nft' is missing", hint: 'install nftables' }));
    expect(error.toWire()).toMatchObject({ code: 1, domain: 19, message: "internal error: 'nft' is missing (install nftables)" });
  });

  test('a fault in a handler becomes a reply, not a silence', () => {
    expect(toRemoteError(new TypeError('x is undefined')).toWire()).toMatchObject({ code: 1, message: 'internal error: x is undefined' });
    expect(toRemoteError('thrown text').toWire()).toMatchObject({ code: 1, message: 'internal error: thrown text' });
  });
});
