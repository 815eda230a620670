// root: the nodes of macvtaps
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { sh } from '../support/driver-documents.ts';
import { plugGuest } from '../support/traffic/guest.ts';

/**
 * Who reaches whom in each mode of a macvtap network (the kernel's macvlan modes), in both families. The switch that the host's `up0` leads to is
 * a bridge in the namespace `outside`; its hairpin is what IEEE 802.1Qbg calls a reflective relay. A macvtap takes the multicast of
 * IPv6's neighbour discovery only where its guest is trusted with its filters.
 */
const exec = promisify(execFile);
const MODES = ['bridge', 'vepa', 'private', 'passthrough'] as const;
const addresses = { host: 1, outside: 2, g1: 11, g2: 12 } as const;
type Place = keyof typeof addresses;
const v4 = (place: Place): string => `203.0.113.${String(addresses[place])}`;
const v6 = (place: Place): string => `2001:db8:113::${String(addresses[place])}`;

async function answers(from: Place, address: string): Promise<boolean> {
  const place = from === 'host' ? [] : ['ip', 'netns', 'exec', from];
  const [command = '', ...args] = [...place, 'ping', '-q', '-c', '2', '-i', '0.2', '-W', '1', address];
  return exec(command, args).then(
    () => true,
    () => false,
  );
}

/** By which families a ping comes back. */
async function reaches(from: Place, to: Place): Promise<readonly ('IPv4' | 'IPv6')[]> {
  const [four, six] = await Promise.all([answers(from, v4(to)), answers(from, v6(to))]);
  return [...(four ? (['IPv4'] as const) : []), ...(six ? (['IPv6'] as const) : [])];
}

const BOTH = ['IPv4', 'IPv6'];
let driver: NetworkDriver;

beforeAll(async () => {
  sh(`ip netns add outside; ip -n outside link add sw0 type bridge; ip link add up0 type veth peer name p0 netns outside
    ip -n outside link set p0 master sw0 up; ip -n outside link set sw0 up; ip link set up0 up
    ip address add ${v4('host')}/24 dev up0; ip address add ${v6('host')}/64 dev up0 nodad
    ip -n outside address add ${v4('outside')}/24 dev sw0; ip -n outside address add ${v6('outside')}/64 dev sw0 nodad`);
  driver = await openDriver();
});
afterAll(() => driver[Symbol.asyncDispose]());

const reflect = (how: 'on' | 'off'): string => sh(`ip netns exec outside bridge link set dev p0 hairpin ${how}`);

test.each(MODES)(
  'mode %s: the outside is reached, the host is not, other guests as the mode has it',
  async (mode) => {
    const count = mode === 'passthrough' ? 1 : 2;
    await driver.up([
      `<network trustGuestRxFilters='yes'><name>${mode}</name><forward mode='${mode}'><interface dev='up0'/></forward></network>`,
    ]);
    const names = (['g1', 'g2'] as const).slice(0, count);
    const guests = [];
    for (const [i, name] of names.entries()) {
      guests.push(await plugGuest(driver, mode, i + 1, 'macvtap', { address: `${v4(name)}/24` }));
      sh(`ip -n ${name} address add ${v6(name)}/64 dev eth0 nodad`);
    }
    const all = async (from: Place, to: Place): Promise<unknown> => [from, to, await reaches(from, to)];
    const seen = await Promise.all(names.flatMap((name) => [all(name, 'outside'), all('outside', name), all(name, 'host')]));
    expect(seen).toEqual(names.flatMap((name) => [[name, 'outside', BOTH], ['outside', name, BOTH], [name, 'host', []]])); // prettier-ignore
    if (count === 2) {
      reflect('off');
      expect(await reaches('g1', 'g2'), 'without a reflective relay').toEqual(mode === 'bridge' ? BOTH : []);
      reflect('on');
      expect(await reaches('g2', 'g1'), 'with a reflective relay').toEqual(mode === 'private' ? [] : BOTH);
      reflect('off');
    }
    for (const guest of guests) {
      guest.end();
      await driver.detach(mode, guest.port);
      sh(`ip netns delete ${guest.netns}`);
    }
    await driver.stop(mode);
  },
  60_000,
);
