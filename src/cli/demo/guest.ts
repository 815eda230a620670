import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, tryRun } from '../../host/tools/command.ts';

/** What a guest learned from the network. */
export interface GuestState {
  readonly name: string;
  readonly mac: string;
  /** The device on the host that it is plugged with. */
  readonly device: string;
  /** IPv4 address without prefix. */
  readonly ipv4?: string;
  readonly router?: string;
  readonly dns?: string;
  readonly domain?: string;
  /** Seconds. */
  readonly lease?: number;
  /** Global IPv6 addresses. */
  readonly ipv6: readonly string[];
}

/**
 * What udhcpc calls when it has a lease (or loses one): sets the address and the router, and leaves what it was told in a file. Its
 * values come from the server that the network itself runs.
 */
const SCRIPT = `#!/bin/sh
case "$1" in
deconfig) ip link set "$interface" up ;;
bound|renew)
  ip addr replace "$ip/$mask" dev "$interface"
  for r in $router; do ip route replace default via "$r" dev "$interface"; break; done
  { echo "ip=$ip"; echo "router=\${router%% *}"; echo "dns=\${dns%% *}"; echo "domain=$domain"; echo "lease=$lease"; } > "$VIRTNET_DEMO_LEASE" ;;
esac
exit 0
`;

/** Makes the namespace of a guest. IPv6 asks for its router at once and skips the address check that costs a second. */
export async function makeGuest(name: string): Promise<void> {
  await run(['ip', 'netns', 'add', name]);
  await run(['ip', '-n', name, 'link', 'set', 'lo', 'up']);
  const settings = [
    'accept_ra=1',
    'dad_transmits=0',
    'router_solicitation_delay=0',
    'router_solicitation_interval=1',
    'router_solicitations=15',
  ];
  await run(['ip', 'netns', 'exec', name, 'sysctl', '-q', '-w', ...settings.map((s) => `net.ipv6.conf.default.${s}`)]);
}

/** Asks for an address by DHCP as a machine of that name; undefined when nobody answers. */
export async function askDhcp(name: string, folder: string): Promise<Readonly<Record<string, string>> | undefined> {
  const script = join(folder, `${name}.sh`); // its own: one that another guest's client runs cannot be written (ETXTBSY)
  const lease = join(folder, `${name}.lease`);
  writeFileSync(script, SCRIPT, { mode: 0o755 });
  rmSync(lease, { force: true });
  const ended = await tryRun(
    ['ip', 'netns', 'exec', name, 'udhcpc', '-i', 'eth0', '-f', '-q', '-n', '-t', '4', '-T', '3', '-x', `hostname:${name}`, '-s', script],
    { timeoutMs: 40_000, env: { VIRTNET_DEMO_LEASE: lease } },
  );
  if (ended.code !== 0) return undefined;
  return Object.fromEntries(
    readFileSync(lease, 'utf8')
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** An address that a person would give a machine. */
export interface HandAddress {
  /** `ADDRESS/PREFIX`. */
  readonly address: string;
  readonly router?: string;
}

/** Gives a guest its address without DHCP; tells what `askDhcp` would, without a lease. */
export async function setByHand(name: string, given: HandAddress): Promise<Readonly<Record<string, string>>> {
  await run(['ip', '-n', name, 'addr', 'add', given.address, 'dev', 'eth0']);
  if (given.router !== undefined) await run(['ip', '-n', name, 'route', 'add', 'default', 'via', given.router]);
  return { ip: given.address.replace(/\/.*/, ''), ...(given.router === undefined ? {} : { router: given.router }) };
}

/** Waits until a port of a bridge forwards: one that spanning tree watches listens and learns for 4 s when it was plugged by hand. */
export async function untilForwarding(device: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    // 3 is BR_STATE_FORWARDING of linux/if_bridge.h.
    if (readFileSync(`/sys/class/net/${device}/brport/state`, 'utf8').trim() === '3') return;
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Global IPv6 addresses of the guest's eth0, those that are ready for use. */
export async function globalIpv6(name: string): Promise<readonly string[]> {
  const { stdout } = await run(['ip', '-json', '-n', name, '-6', 'addr', 'show', 'dev', 'eth0', 'scope', 'global']);
  const links = JSON.parse(stdout) as readonly {
    readonly addr_info?: readonly { readonly local?: string; readonly tentative?: boolean }[];
  }[];
  return links.flatMap((l) => l.addr_info ?? []).flatMap((a) => (a.local === undefined || a.tentative === true ? [] : [a.local]));
}

/** Pings once from a guest; the round trip in milliseconds, undefined without an answer. */
export async function ping(from: string, to: string): Promise<number | undefined> {
  const { code, stdout } = await tryRun(['ip', 'netns', 'exec', from, 'ping', '-n', '-c', '1', '-W', '2', to]);
  const time = /time=([\d.]+) ms/.exec(stdout)?.[1];
  return code === 0 && time !== undefined ? Number(time) : undefined;
}
