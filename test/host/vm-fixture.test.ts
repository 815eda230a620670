import { execFileSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { Guest, whyNoGuests } from '../vm/guest.ts';

const reason = whyNoGuests();
const ip = (line: string): void => void execFileSync('ip', line.split(' '));

describe.skipIf(reason !== undefined)(`real virtual machines${reason === undefined ? '' : ` (${reason})`}`, () => {
  const guests: Guest[] = [];
  afterAll(async () => {
    for (const guest of guests) await guest[Symbol.asyncDispose]();
  });

  it('boot, run commands and reach each other over a bridge', async () => {
    ip('link add br9 type bridge');
    ip('link set br9 up');
    for (const [i, name] of ['a', 'b'].entries()) {
      ip(`tuntap add tap${name} mode tap vnet_hdr`);
      ip(`link set tap${name} master br9 up`);
      const device = `-device virtio-net-pci,netdev=n0,mac=52:54:00:00:09:0${String(i)}`;
      guests.push(await Guest.boot({ name, network: `-netdev tap,id=n0,ifname=tap${name},script=no,downscript=no ${device}` }));
    }
    for (const [i, guest] of guests.entries()) await guest.run(`ip addr add 192.0.2.${String(i + 1)}/24 dev eth0; ip link set eth0 up`);
    expect(await guests[0]?.run('ping -c 3 -i 0.2 -w 10 192.0.2.2')).toMatchObject({ code: 0 });
    expect(await guests[0]?.run('cat /sys/class/net/eth0/address')).toMatchObject({ output: '52:54:00:00:09:00' });
    expect(await guests[0]?.run('exit 7')).toMatchObject({ code: 7 });
  }, 120_000);
});
