import { describe, expect, test } from 'vitest';
import { Keepalive, pingPacket, pongPacket } from './keepalive.ts';

/** Ticks once a second from `from` to `to` (seconds, inclusive) and tells when something was due. */
function run(keepalive: Keepalive, from: number, to: number): string[] {
  const due: string[] = [];
  for (let second = from; second <= to; second++) {
    const verdict = keepalive.tick(second * 1000);
    if (verdict !== 'quiet') due.push(`${verdict} ${second}`);
    if (verdict === 'dead') break;
  }
  return due;
}

describe('keepalive', () => {
  test('its packets are those of libvirt', () => {
    expect(pingPacket.toString('hex')).toBe('0000001c6b656570000000010000000100000002' + '0000000000000000');
    expect(pongPacket.toString('hex')).toBe('0000001c6b656570000000010000000200000002' + '0000000000000000');
  });

  test('says nothing to a client that did not ask', () => {
    expect(run(new Keepalive(0), 1, 1000)).toEqual([]);
  });

  test('pings every five seconds of silence and gives up 30 s after the last traffic', () => {
    const keepalive = new Keepalive(0);
    keepalive.enable(0);
    expect(run(keepalive, 1, 1000)).toEqual(['ping 5', 'ping 10', 'ping 15', 'ping 20', 'ping 25', 'dead 30']);
  });

  test('any traffic starts it anew', () => {
    const keepalive = new Keepalive(0);
    keepalive.enable(0);
    expect(run(keepalive, 1, 12)).toEqual(['ping 5', 'ping 10']);
    keepalive.heard(12_000);
    expect(run(keepalive, 13, 22)).toEqual(['ping 17', 'ping 22']);
  });
});
