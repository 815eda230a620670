import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VirtnetError } from '../base/errors.ts';
import type { DriverEvent, NetworkDriver, NetworkInfo } from '../driver/driver.ts';
import { keepNssFiles, type NssFilesOptions } from './nss-files.ts';

type Leases = Awaited<ReturnType<NssFilesOptions['leases']>>;

const served = { ips: [{ address: '10.96.0.1', prefix: 22, dhcp: { ranges: [{ start: '10.96.1.10', end: '10.96.1.40' }], hosts: [] } }] };
const network = (uuid: string, bridge: string, active = true, definition: object = served): NetworkInfo =>
  ({ name: uuid, uuid, bridge, active, network: definition }) as unknown as NetworkInfo;
const port = (name: string, mac: string) => ({ port: { uuid: `${name} ${mac}`, owner: { name }, mac } });

/** A driver of networks that a test changes, and the files that are kept of them. */
class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), 'nss-'));
  readonly networks = new Map<string, NetworkInfo>();
  readonly log = vi.fn();
  ports: readonly object[] = [];
  leases: Leases = [];
  leaseReads = 0;
  devices: readonly string[] = [];
  emit: (event: Partial<DriverEvent>) => void = () => undefined;
  tellLeases: (uuid: string) => void = () => undefined;
  end: () => Promise<void> = () => Promise.resolve();

  put(...networks: readonly NetworkInfo[]): void {
    for (const info of networks) this.networks.set(info.uuid, info);
  }

  start(options: Partial<NssFilesOptions> = {}): void {
    const driver = {
      list: () => Promise.resolve([...this.networks.values()]),
      get: ({ uuid }: { uuid: string }) =>
        Promise.resolve(this.networks.get(uuid)).then((found) => {
          if (found === undefined) throw new VirtnetError({ code: 'VND001', message: 'no network' });
          return found;
        }),
      ports: ({ uuid }: { uuid: string }) =>
        this.networks.get(uuid)?.active === true
          ? Promise.resolve(this.ports)
          : Promise.reject(new VirtnetError({ code: 'VND005', message: 'not active' })),
      on: (listener: typeof this.emit) => {
        this.emit = listener;
        return () => undefined;
      },
    } as unknown as NetworkDriver;
    this.end = keepNssFiles(driver, {
      folder: this.folder,
      leases: () => (this.leaseReads++, Promise.resolve(this.leases)),
      watchLeases: (listener) => ((this.tellLeases = listener), () => undefined),
      isThere: (device) => this.devices.includes(device),
      log: this.log,
      everyMs: 1,
      ...options,
    });
  }

  files(): readonly string[] {
    return readdirSync(this.folder).sort();
  }

  text(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8');
  }
}

describe("the files of libvirt's NSS modules", () => {
  let lab: Lab;
  beforeEach(() => (lab = new Lab()));
  afterEach(async () => {
    await lab.end();
    rmSync(lab.folder, { recursive: true });
  });

  it('are laid out as libvirt 11.3 lays them out, and everybody may read them', async () => {
    lab.put(network('a', 'virbr96'));
    lab.leases = [
      { family: 'ipv4', ip: '10.96.1.24', mac: '52:54:00:96:00:01', clientId: '01:52:54:00:96:00:01', expiry: 1796024197 },
      { family: 'ipv4', ip: '10.96.0.10', mac: '52:54:00:96:00:03', hostname: 'given', expiry: 0 },
      // Of a client whose MAC the server does not know libvirt writes nothing.
      { family: 'ipv6', ip: 'fd96::16', iaid: '7', clientId: '00:04:aa', expiry: 1796103415 },
      {
        family: 'ipv6',
        ip: 'fd96::15',
        mac: '52:54:00:96:00:11',
        iaid: '1',
        hostname: 'sixnamed',
        clientId: '00:03:00:01:52:54:00:96:00:11',
        serverDuid: '00:01:00:01:32:9f:c7:df:52:54:00:c9:3a:3f',
        expiry: 1796103415,
      },
    ];
    lab.ports = [port('vmb', '52:54:00:96:00:01'), port('vma', '52:54:00:96:00:ab'), port('vmb', '52:54:00:96:00:02')];
    lab.start();
    await expect.poll(() => lab.files()).toEqual(['virbr96.macs', 'virbr96.status']);
    expect(lab.text('virbr96.status')).toBe(`[
  {
    "ip-address": "10.96.1.24",
    "mac-address": "52:54:00:96:00:01",
    "client-id": "01:52:54:00:96:00:01",
    "expiry-time": 1796024197
  },
  {
    "ip-address": "10.96.0.10",
    "mac-address": "52:54:00:96:00:03",
    "hostname": "given",
    "expiry-time": 0
  },
  {
    "iaid": "1",
    "ip-address": "fd96::15",
    "mac-address": "52:54:00:96:00:11",
    "hostname": "sixnamed",
    "client-id": "00:03:00:01:52:54:00:96:00:11",
    "server-duid": "00:01:00:01:32:9f:c7:df:52:54:00:c9:3a:3f",
    "expiry-time": 1796103415
  }
]
`);
    expect(lab.text('virbr96.macs')).toBe(`[
  {
    "domain": "vma",
    "macs": [
      "52:54:00:96:00:ab"
    ]
  },
  {
    "domain": "vmb",
    "macs": [
      "52:54:00:96:00:01",
      "52:54:00:96:00:02"
    ]
  }
]
`);
    for (const file of lab.files()) expect(statSync(join(lab.folder, file)).mode & 0o777).toBe(0o644);
  });

  it('follow leases, ports and the life of networks, and leave those of others alone', async () => {
    writeFileSync(join(lab.folder, 'virbr9.status'), 'of libvirt');
    lab.put(network('a', 'virbr96'), network('c', 'virbr95'));
    lab.put(network('static', 'virbr97', true, { ips: [{ address: '10.97.0.1', prefix: 24 }] }));
    lab.start();
    const ofC = ['virbr95.macs', 'virbr95.status'];
    await expect.poll(() => lab.files()).toEqual(['virbr9.status', ...ofC, 'virbr96.macs', 'virbr96.status']);
    expect(lab.text('virbr96.status')).toBe('[\n]\n');
    lab.leases = [{ family: 'ipv4', ip: '10.96.1.24', mac: '52:54:00:96:00:01', expiry: 1796024197 }];
    lab.tellLeases('a');
    await expect.poll(() => lab.text('virbr96.status')).toContain('10.96.1.24');
    lab.ports = [port('vm', '52:54:00:96:00:01')];
    lab.emit({ type: 'port', uuid: 'a' });
    await expect.poll(() => lab.text('virbr96.macs')).toContain('"vm"');
    lab.networks.delete('c');
    lab.emit({ type: 'lifecycle', uuid: 'c' });
    await expect.poll(() => lab.files()).toEqual(['virbr9.status', 'virbr96.macs', 'virbr96.status']);
    // A bridge that another network has by then.
    lab.devices = ['virbr96'];
    lab.networks.delete('a');
    lab.emit({ type: 'lifecycle', uuid: 'a' });
    await lab.end();
    expect(lab.files()).toEqual(['virbr9.status', 'virbr96.macs', 'virbr96.status']);
    expect(lab.log).not.toHaveBeenCalled();
  });

  it('stay when a network stops, with the last that it leased and its machines, until it is no longer stored', async () => {
    lab.put(network('a', 'virbr96'));
    lab.ports = [port('vma', '52:54:00:96:00:01'), port('vmb', '52:54:00:96:00:02'), port('vmb', '52:54:00:96:00:03')];
    lab.start({ everyMs: 50 });
    await expect.poll(() => lab.files()).toHaveLength(2);
    // All of it before the files are written again.
    lab.tellLeases('a');
    lab.leases = [{ family: 'ipv4', ip: '10.96.1.24', mac: '52:54:00:96:00:01', expiry: 1796024197 }];
    lab.emit({ type: 'port', event: 'deleted', uuid: 'a', port: 'vmb 52:54:00:96:00:02' });
    lab.ports = [];
    lab.put(network('a', 'virbr97', false));
    lab.emit({ type: 'lifecycle', uuid: 'a' });
    await expect.poll(() => lab.text('virbr96.status')).toContain('10.96.1.24');
    const machines = (): unknown => JSON.parse(lab.text('virbr96.macs'));
    const vma = { domain: 'vma', macs: ['52:54:00:96:00:01'] };
    expect(machines()).toEqual([vma, { domain: 'vmb', macs: ['52:54:00:96:00:03'] }]);
    // They are in the files of its next run, where they go when they are unplugged.
    lab.ports = [port('vmb', '52:54:00:96:00:03'), port('vmb', '52:54:00:96:00:04')];
    lab.put(network('a', 'virbr96'));
    lab.emit({ type: 'lifecycle', uuid: 'a' });
    await expect.poll(machines).toEqual([vma, { domain: 'vmb', macs: ['52:54:00:96:00:03', '52:54:00:96:00:04'] }]);
    lab.ports = [];
    for (const mac of ['03', '04']) lab.emit({ type: 'port', event: 'deleted', uuid: 'a', port: `vmb 52:54:00:96:00:${mac}` });
    await expect.poll(machines).toEqual([vma]);
    lab.networks.delete('a');
    lab.emit({ type: 'lifecycle', uuid: 'a' });
    await expect.poll(() => lab.files()).toEqual([]);
  });

  it('of networks that do not run stay at the start, and go with them', async () => {
    for (const bridge of ['virbr96', 'virbr97', 'virbr99']) writeFileSync(join(lab.folder, `${bridge}.status`), '[]');
    writeFileSync(join(lab.folder, 'virbr98.macs'), '{ "no": "machines" }');
    lab.put(network('ended', 'virbr96', false), network('also', 'virbr97', false), network('runs', 'virbr98'));
    lab.start();
    const ofOthers = ['virbr97.status', 'virbr98.macs', 'virbr98.status', 'virbr99.status'];
    await expect.poll(() => lab.files()).toEqual(['virbr96.status', ...ofOthers]);
    await expect.poll(() => lab.text('virbr98.macs')).toBe('[\n]\n');
    lab.networks.delete('ended');
    lab.emit({ type: 'lifecycle', uuid: 'ended' });
    await expect.poll(() => lab.files()).toEqual(ofOthers);
  });

  it('are written seldom in a burst of leases, with its end', async () => {
    lab.put(network('a', 'virbr96'));
    lab.start({ everyMs: 200 });
    await expect.poll(() => lab.files()).toHaveLength(2);
    const before = lab.leaseReads;
    for (let n = 1; n <= 50; n++) {
      lab.leases = [{ family: 'ipv4', ip: `10.96.1.${String(n)}`, mac: '52:54:00:96:00:01', expiry: 1796024197 }];
      lab.tellLeases('a');
    }
    await expect.poll(() => lab.text('virbr96.status')).toContain('10.96.1.50');
    expect(lab.leaseReads - before).toBe(1);
  });

  it('that cannot be written are told of once, and written when they can be', async () => {
    lab.put(network('a', 'virbr96'), network('b', 'virbr97'));
    const folder = join(lab.folder, 'later');
    lab.start({ folder });
    await expect.poll(() => lab.log.mock.calls).toHaveLength(1);
    for (let n = 0; n < 3; n++) {
      lab.tellLeases('a');
      await sleep(5);
    }
    expect(lab.log.mock.calls).toEqual([
      [
        'warning',
        'cannot keep the files of libnss-libvirt',
        {
          folder,
          error: 'no such file or directory',
          hint: 'make the folder, writable for virtnetd (ReadWritePaths= of its unit), and start virtnetd again',
        },
      ],
    ]);
    mkdirSync(folder);
    lab.tellLeases('a');
    await expect.poll(() => readdirSync(folder).sort()).toEqual(['virbr96.macs', 'virbr96.status', 'virbr97.macs', 'virbr97.status']);
  });

  it('are kept where leases cannot be watched, and that is told', async () => {
    lab.put(network('a', 'virbr96'));
    lab.start({
      watchLeases: () => {
        throw new Error("EMFILE: too many open files, watch '/var/lib/virtnet/leases'");
      },
    });
    await expect.poll(() => lab.files()).toHaveLength(2);
    expect(lab.log.mock.calls).toMatchObject([['warning', expect.stringContaining('leases'), { error: 'too many open files' }]]);
  });
});
