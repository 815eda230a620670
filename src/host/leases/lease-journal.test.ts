import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { foldJournal, knownLeases, readLeases } from './known-leases.ts';
import { emptyJournal, readJournal } from './lease-journal.ts';
import { dumpHeader } from './packet-dump.ts';

/** Packets put together by RFC 791, 768, 2131 and 8415, in records of a pcap file as dnsmasq 2.90 writes them. */

const NOW = 1_800_000_000;
let folder = '';
let files = { leases: '', journal: '' };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  files = { leases: join(folder, 'log'), journal: join(folder, 'journal') };
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const bytes = (hex: string): Buffer => Buffer.from(hex.replace(/[^0-9a-f]/g, ''), 'hex');
const u16 = (n: number): Buffer => Buffer.of(n >> 8, n & 255);
const u32 = (n: number): Buffer => Buffer.concat([u16(Math.floor(n / 65536)), u16(n % 65536)]);

function record(seconds: number, packet: Buffer, isLittleEndian = true): Buffer {
  const head = Buffer.alloc(16);
  const put = isLittleEndian ? head.writeUInt32LE.bind(head) : head.writeUInt32BE.bind(head);
  for (const [i, n] of [seconds, 5, packet.length, packet.length].entries()) put(n, 4 * i);
  return Buffer.concat([head, packet]);
}
function udp4(from: number, to: number, payload: Buffer): Buffer {
  const rest = Buffer.concat([u16(from), u16(to), u16(8 + payload.length), u16(0), payload]);
  return Buffer.concat([bytes('4500'), u16(20 + rest.length), bytes('0000 0000 40 11 0000 0a000001 0a000009'), rest]);
}
const LINK_LOCAL = 'fe80 0000 0000 0000 5054 00ff fe00 0007';
function udp6(from: number, to: number, payload: Buffer, destination = LINK_LOCAL): Buffer {
  const rest = Buffer.concat([u16(from), u16(to), u16(8 + payload.length), u16(0), payload]);
  return Buffer.concat([bytes('60000000'), u16(rest.length), bytes('11ff'), Buffer.alloc(16), bytes(destination), rest]);
}

const SERVER_ID = '36 04 0a000001';
/** A DHCPv4 message of client n (MAC 52:54:00:00:00:n) in exchange 7; addresses as hex. */
function dhcp4(
  n: number,
  { request, ciaddr = '00000000', yiaddr = '00000000' }: { request: boolean; ciaddr?: string; yiaddr?: string },
  options: string,
): Buffer {
  const hardware = Buffer.concat([bytes('525400000000').subarray(0, 5), Buffer.of(n), Buffer.alloc(10)]);
  return Buffer.concat([
    Buffer.of(request ? 1 : 2, 1, 6, 0),
    u32(7),
    u32(0),
    bytes(ciaddr),
    bytes(yiaddr),
    Buffer.alloc(8),
    hardware,
    Buffer.alloc(192),
    bytes(`63825363 ${options} ff`),
  ]);
}
const requested = (n: number, more = ''): Buffer => udp4(68, 67, dhcp4(n, { request: true }, `35 01 03 ${more}`));
/** DHCPACK of 10.0.0.host for that many seconds. */
const acknowledged = (n: number, host: number, seconds = 3600, more = ''): Buffer =>
  udp4(
    67,
    68,
    dhcp4(
      n,
      { request: false, yiaddr: u32(0x0a000000 + host).toString('hex') },
      `35 01 05 ${SERVER_ID} 33 04 ${u32(seconds).toString('hex')} ${more}`,
    ),
  );
const released = (n: number, host: number): Buffer =>
  udp4(68, 67, dhcp4(n, { request: true, ciaddr: u32(0x0a000000 + host).toString('hex') }, `35 01 07 ${SERVER_ID}`));
const declined = (n: number, host: number): Buffer =>
  udp4(68, 67, dhcp4(n, { request: true }, `35 01 04 32 04 ${u32(0x0a000000 + host).toString('hex')}`));

const option6 = (code: number, value: Buffer): Buffer => Buffer.concat([u16(code), u16(value.length), value]);
const DUID = bytes('0003 0001 525400000099');
/** A message with one IA_NA (association 42) of fd00::5. 7 is Reply, 8 Release. */
function dhcp6(type: number, valid: number, more: Buffer = Buffer.alloc(0)): Buffer {
  const address = option6(5, Buffer.concat([bytes('fd00 0000 0000 0000 0000 0000 0000 0005'), u32(valid), u32(valid)]));
  const association = option6(3, Buffer.concat([u32(42), u32(0), u32(0), address]));
  return Buffer.concat([Buffer.of(type, 1, 2, 3), option6(1, DUID), option6(2, bytes('00 01 99')), association, more]);
}

const journal = (...packets: readonly Buffer[]): void => {
  writeFileSync(files.journal, Buffer.concat([dumpHeader(true), ...packets.map((p) => record(NOW, p))]));
};
const log = (...lines: readonly string[]): void => {
  writeFileSync(files.leases, lines.map((line) => `\n${line} .\n`).join(''));
};
const logged = (action: string, n: number, host: number, expiry: number, more = '* *'): string =>
  `${action} ${String(expiry)} - 52:54:00:00:00:0${String(n)} 10.0.0.${String(host)} ${more} * virbr0 *`;
const ips = async (): Promise<readonly string[]> => (await readLeases(files, NOW)).map(({ ip }) => ip);

describe('a journal', () => {
  test('tells the leases of both families that were given, with all that an answer says', async () => {
    const fqdn = option6(39, Buffer.concat([bytes('00'), Buffer.from('\u0003six\u0003lab\u0000', 'latin1')]));
    journal(
      requested(1, '3d 03 ff 01 02'),
      acknowledged(1, 21, 3600, '0c 03 776562'),
      acknowledged(2, 22, 0xffffffff, '3d 02 00 41'),
      udp6(547, 546, dhcp6(7, 600, fqdn)),
    );
    expect(await readLeases(files, NOW)).toEqual([
      { family: 'ipv4', ip: '10.0.0.21', mac: '52:54:00:00:00:01', clientId: 'ff:01:02', hostname: 'web', expiry: NOW + 3600 },
      { family: 'ipv4', ip: '10.0.0.22', mac: '52:54:00:00:00:02', clientId: '00:41', expiry: 0 },
      {
        family: 'ipv6',
        ip: 'fd00::5',
        iaid: '42',
        clientId: '00:03:00:01:52:54:00:00:00:99',
        mac: '52:54:00:00:00:07',
        hostname: 'six',
        expiry: NOW + 600,
      },
    ]);
  });

  test('tells a MAC of a DHCPv6 client by its DUID where its address does not, and nothing of a message that gives no lease', async () => {
    const offer = udp4(67, 68, dhcp4(3, { request: false, yiaddr: '0a000017' }, `35 01 02 33 04 00000e10`));
    const inform = udp4(67, 68, dhcp4(3, { request: false }, '35 01 05'));
    journal(offer, inform, udp6(547, 546, dhcp6(2, 600)), udp6(547, 546, dhcp6(7, 0)));
    expect(await ips()).toEqual([]);
    journal(udp6(547, 546, dhcp6(7, 600), 'fe80 0000 0000 0000 1111 2222 3333 4444'));
    expect(await readLeases(files, NOW)).toMatchObject([{ mac: '52:54:00:00:00:99' }]);
  });

  test('tells an answer through a relay', async () => {
    const relayed = Buffer.concat([Buffer.of(13, 0), Buffer.alloc(32), option6(18, Buffer.of(1)), option6(9, dhcp6(7, 600))]);
    journal(udp6(547, 547, relayed, 'fd00 0000 0000 0000 0000 0000 0000 0002'));
    expect(await ips()).toEqual(['fd00::5']);
  });

  test('leaves out what was given back or declined, and the former address of a client that has another one', async () => {
    journal(
      acknowledged(1, 21),
      acknowledged(2, 22),
      acknowledged(3, 23),
      released(1, 21),
      declined(2, 22),
      released(9, 23),
      acknowledged(3, 24),
    );
    expect(await ips()).toEqual(['10.0.0.24']);
    journal(udp6(547, 546, dhcp6(7, 600)), udp6(546, 547, dhcp6(8, 0)));
    expect(await ips()).toEqual([]);
  });

  test('is read past what was cut out of it anywhere', async () => {
    const parts = [acknowledged(1, 21), acknowledged(2, 22), acknowledged(3, 23)].map((p) => record(NOW, p));
    const [first, second, third] = parts;
    for (let cut = 1; cut < second!.length; cut += 5) {
      writeFileSync(files.journal, Buffer.concat([dumpHeader(true), first!, second!.subarray(cut), third!]));
      expect(await ips(), `without its first ${String(cut)} bytes`).toEqual(['10.0.0.21', '10.0.0.23']);
      writeFileSync(files.journal, Buffer.concat([dumpHeader(true), first!, second!.subarray(0, cut)]));
      expect(await ips(), `of ${String(cut)} bytes`).toEqual(['10.0.0.21']);
    }
    // dnsmasq writes the headers of a record and then its packet: without room it leaves out all from some piece on.
    for (const cut of [0, 16, 36, 44]) {
      writeFileSync(files.journal, Buffer.concat([dumpHeader(true), first!, second!.subarray(0, cut), third!]));
      expect(await ips(), `up to ${String(cut)}`).toContain('10.0.0.21');
    }
  });

  test('says nothing where it is none, and is read in either byte order', async () => {
    for (const text of ['', 'x', 'not a dump at all, but longer than its header']) {
      writeFileSync(files.journal, text);
      expect(await ips()).toEqual([]);
    }
    writeFileSync(files.journal, Buffer.concat([dumpHeader(false), record(NOW, acknowledged(1, 21), false)]));
    expect(await readLeases(files, NOW)).toMatchObject([{ ip: '10.0.0.21', expiry: NOW + 3600 }]);
  });

  test('never fails on random bytes', async () => {
    let seed = 1;
    const random = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648) >> 8;
    const whole = [requested(1, '3d 03 ff 01 02'), acknowledged(1, 21), udp6(547, 546, dhcp6(7, 600)), released(1, 21)];
    for (let i = 0; i < 300; i++) {
      const packets = whole.map((p) => Buffer.from(p));
      for (const packet of packets) packet[28 + (random() % (packet.length - 28))] = random() & 255;
      journal(...packets);
      for (const lease of (await readJournal(files.journal)).leases.values()) expect(lease.ip).toMatch(/^[0-9a-f.:]+$/);
    }
  });
});

describe('a journal and a log', () => {
  test('count as one: the later word on an address counts, and the log has the names', async () => {
    journal(acknowledged(1, 21), acknowledged(2, 22), acknowledged(3, 23), acknowledged(4, 24));
    log(
      logged('add', 1, 21, NOW + 3600, 'web *'), // the same lease
      logged('add', 2, 22, NOW + 60, 'old *'), // renewed since
      logged('add', 9, 23, NOW + 60), // somebody else's before
      logged('del', 4, 24, NOW + 3600), // over since
    );
    expect(await readLeases(files, NOW)).toEqual([
      { family: 'ipv4', ip: '10.0.0.21', mac: '52:54:00:00:00:01', hostname: 'web', interface: 'virbr0', expiry: NOW + 3600 },
      { family: 'ipv4', ip: '10.0.0.22', mac: '52:54:00:00:00:02', hostname: 'old', interface: 'virbr0', expiry: NOW + 3600 },
      { family: 'ipv4', ip: '10.0.0.23', mac: '52:54:00:00:00:03', expiry: NOW + 3600 },
    ]);
  });

  test('an address that was given back and given again is leased, whatever the script has not told yet', async () => {
    journal(acknowledged(1, 21), released(1, 21), acknowledged(1, 21));
    log(logged('add', 1, 21, NOW + 3600), logged('del', 1, 21, NOW + 3600));
    expect(await ips()).toEqual(['10.0.0.21']);
    journal(acknowledged(1, 21, 7200), released(1, 21), acknowledged(2, 21, 3600));
    log(logged('add', 1, 21, NOW + 7200));
    expect(await readLeases(files, NOW)).toMatchObject([{ mac: '52:54:00:00:00:02' }]);
  });

  test('a lease that has ended is left out', async () => {
    journal(acknowledged(1, 21, 10));
    expect((await readLeases(files, NOW + 11)).length).toBe(0);
  });

  test('a fold moves into the log what only the journal has, once', async () => {
    const soon = Math.floor(Date.now() / 1000);
    writeFileSync(
      files.journal,
      Buffer.concat([dumpHeader(true), ...[acknowledged(1, 21), udp6(547, 546, dhcp6(7, 600))].map((p) => record(soon, p))]),
    );
    const dump = readFileSync(files.journal);
    await foldJournal(files, 'virbr0');
    const lines = (): readonly string[] => readFileSync(files.leases, 'utf8').split('\n').filter(Boolean);
    expect(lines()).toEqual([
      `add ${String(soon + 3600)} - 52:54:00:00:00:01 10.0.0.21 * * * virbr0 * .`,
      `add ${String(soon + 600)} 42 00:03:00:01:52:54:00:00:00:99 fd00::5 * * 00:01:99 virbr0 52:54:00:00:00:07 .`,
    ]);
    writeFileSync(files.journal, dump); // killed before the journal went
    await foldJournal(files, 'virbr0');
    expect(lines()).toHaveLength(2);
    expect((await knownLeases(files)).unrecorded).toEqual([]);
  });

  test('is emptied only where it has not grown, and while nobody writes', async () => {
    journal(acknowledged(1, 21));
    const { bytes: size } = await readJournal(files.journal);
    expect(emptyJournal(files.journal, size - 1, () => true)).toBe(false);
    expect(emptyJournal(files.journal, size, () => false)).toBe(false);
    expect(emptyJournal(files.journal, size, () => true)).toBe(true);
    expect(statSync(files.journal).size).toBe(24);
    expect(await ips()).toEqual([]);
  });
});
