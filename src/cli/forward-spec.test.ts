import { describe, expect, it } from 'vitest';
import { forwardOf, listenOf } from './forward-spec.ts';

describe('a port forward of the command line', () => {
  it.each([
    ['8080:192.168.122.10:80/tcp', { proto: 'tcp', port: 8080, to: '192.168.122.10', toPort: 80 }],
    ['8080:web', { proto: 'tcp', port: 8080, to: 'web' }],
    ['203.0.113.1:2222:web.lab:22', { proto: 'tcp', address: '203.0.113.1', port: 2222, to: 'web.lab', toPort: 22 }],
    ['[2001:db8::1]:53:[fd00::5]:5353/UDP', { proto: 'udp', address: '2001:db8::1', port: 53, to: 'fd00::5', toPort: 5353 }],
    ['10000-10999:52:54:00:12:34:56/udp', { proto: 'udp', port: 10000, end: 10999, to: '52:54:00:12:34:56' }],
    ['22:52:54:00:aa:BB:cc:2222', { proto: 'tcp', port: 22, to: '52:54:00:aa:BB:cc', toPort: 2222 }],
    ['80:10.0.0.5', { proto: 'tcp', port: 80, to: '10.0.0.5' }],
    // A guest whose name is a number has it.
    ['80:7', { proto: 'tcp', port: 80, to: '7' }],
  ])('%s', (word, meant) => {
    expect(forwardOf(word)).toEqual(meant);
    const { to: _to, toPort: _toPort, ...listen } = meant as typeof meant & { toPort?: number };
    expect(listenOf(word)).toEqual(listen);
  });

  it.each([
    '',
    'web',
    '80',
    '80:',
    ':80',
    '80:web:',
    '80:web:x',
    '80:web/sctp',
    '80:web/tcp/udp',
    '2001:db8::1:80:web',
    '80-:web',
    '800000:web',
  ])('%j is refused', (word) => {
    expect(() => forwardOf(word)).toThrow('is no port forward');
  });

  it('is removed by what it listens on', () => {
    expect(listenOf('8080')).toEqual({ proto: 'tcp', port: 8080 });
    expect(listenOf('[::1]:10-20/udp')).toEqual({ proto: 'udp', address: '::1', port: 10, end: 20 });
    expect(() => listenOf('web')).toThrow('is no port forward');
  });
});
