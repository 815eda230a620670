import type { PortRecord } from '../../compile/port.ts';
import type { Lease, NetworkInfo, PortStatus } from '../../driver/driver.ts';
import { forwardsOf } from '../../forwards/document.ts';
import { formatListen, formatSource, formatTarget } from '../../forwards/forward.ts';
import { plugTypeOf } from '../../interface/plug-type.ts';
import type { Network } from '../../network/network.ts';
import type { Plan } from '../../plan/plan.ts';
import { addressOf } from '../views.ts';
import { formatDiagnostic } from './diagnostics.ts';
import { nameResource } from './plan.ts';
import { POOL_URGENT, POOL_WARNING, poolUse } from './pool.ts';
import { expires, limitsOf, shownDevice, traffic, whereOf } from './port.ts';
import type { Style } from './style.ts';
import { formatTable } from './table.ts';
import { clean, count, pad, shellLine, wrap } from './text.ts';

export interface ShowData {
  readonly info: NetworkInfo;
  readonly ports: readonly PortRecord[];
  /** How they fare. */
  readonly status: readonly PortStatus[];
  readonly leases: readonly Lease[];
  readonly drift: Plan;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** One screen: more guests than this are counted, not listed. */
const MOST_ROWS = 20;

/** What `virtnet show` prints: facts, guests with their leases, and last what needs attention. */
export function formatShow(data: ShowData, style: Style, width: number, tableWidth = width): string {
  const { info } = data;
  const facts = factsOf(data, style).map(([label, value]) => `${pad(label, 11)}${value}\n`);
  return [
    `${style.bold(clean(info.name))}  ${info.active ? style.green('running') : style.dim('stopped')}\n`,
    ...(info.network.title === undefined ? [] : [`${clean(info.network.title)}\n`]),
    ...facts,
    guestTable(data, style, tableWidth),
    ...attention(data, style, width),
  ].join('');
}

function factsOf({ info, leases, now, ports }: ShowData, style: Style): (readonly [string, string])[] {
  const { network } = info;
  const { forward } = network;
  const devices = forward.interfaces.map((i) => i.dev).join(', ');
  const mode = forward.mode === 'none' ? 'isolated' : forward.mode;
  const pools = poolUse(network, leases, now);
  const facts: (readonly [string, string | undefined])[] = [
    ['uuid', info.uuid],
    ['mode', devices === '' ? mode : `${mode} by ${devices}`],
    ['bridge', info.bridge],
    ['macvtap', plugTypeOf(network) === 'direct' ? 'guests and this host do not reach each other' : undefined],
    ['addresses', network.ips.map(addressOf).join(', ')],
    ['domain', network.domain && `${network.domain.name}${network.domain.localOnly === true ? ' (never asked outside)' : ''}`],
    ...pools.map((p): readonly [string, string] => ['DHCP', `${p.start} to ${p.end}: ${poolText(p.used, p.total, info.active, style)}`]),
    [
      'fixed',
      network.ips.some((ip) => (ip.dhcp?.hosts.length ?? 0) > 0)
        ? count(
            network.ips.reduce((n, ip) => n + (ip.dhcp?.hosts.length ?? 0), 0),
            'host',
          )
        : undefined,
    ],
    ...forwardFacts(network),
    ['limits', limitsOf(network.bandwidth)],
    ['mtu', network.mtu === undefined ? undefined : String(network.mtu)],
    ['portgroups', network.portgroups.map((g) => g.name + (g.default ? ' (default)' : '')).join(', ')],
    [
      'stored',
      `${info.persistent ? 'yes' : 'no, gone when it stops'}${info.persistent ? `; starts at boot: ${info.autostart ? 'yes' : 'no'}` : ''}`,
    ],
    ['guests', info.active ? String(ports.length) : undefined],
  ];
  return facts.flatMap(([label, value]) =>
    value === undefined || value === '' ? [] : [[label, /\u001b/.test(value) ? value : clean(value)] as const],
  );
}

/** Port forwards, one a line; more of them than fit a screen are counted. */
function forwardFacts(network: Network): (readonly [string, string])[] {
  const { forwards } = forwardsOf(network);
  const lines = forwards.slice(0, MOST_ROWS).map((forward) => {
    const from = forward.sources === undefined ? '' : ` for ${forward.sources.map(formatSource).join(', ')} alone`;
    return `${formatListen(forward)} to ${formatTarget(forward)}${from}`;
  });
  const more = forwards.length - lines.length;
  return [...lines, ...(more > 0 ? [count(more, 'more forward')] : [])].map((line, i) => [i === 0 ? 'forwards' : '', line]);
}

function poolText(used: number, total: number, active: boolean, style: Style): string {
  if (!active) return count(total, 'address', 'addresses');
  const share = total === 0 ? 0 : used / total;
  const text = `${String(used)} of ${String(total)} in use (${share > 0 && share < 0.01 ? 'under 1' : String(Math.floor(share * 100))} %)`;
  if (share >= POOL_URGENT) return style.red(text);
  return share >= POOL_WARNING ? style.yellow(text) : text;
}

/** Guests that are plugged in, each with its leases; then leases of machines that are no ports of ours. */
function guestTable({ ports, status, leases, now }: ShowData, style: Style, width: number): string {
  if (ports.length === 0 && leases.length === 0) return '';
  const statusOf = new Map(status.map((s) => [s.port, s]));
  const known = new Set(ports.map((p) => p.port.mac));
  const others = leases.filter((l) => l.mac === undefined || !known.has(l.mac.toLowerCase()));
  const rows = [
    ...ports.slice(0, MOST_ROWS).map((p) => {
      const own = leases.filter((l) => l.mac?.toLowerCase() === p.port.mac);
      return [
        p.port.owner.name,
        p.port.mac,
        shownDevice(p, statusOf.get(p.port.uuid)),
        own.map((l) => l.ip).join(' '),
        own.find((l) => l.hostname)?.hostname,
        own[0] && expires(own[0], now),
        traffic(statusOf.get(p.port.uuid)),
        whereOf(p),
      ];
    }),
    ...others.slice(0, MOST_ROWS).map((l) => [undefined, l.mac, undefined, l.ip, l.hostname, expires(l, now), undefined, 'lease only']),
  ];
  const table = formatTable(
    [
      { header: 'GUEST', shrink: true },
      { header: 'MAC' },
      { header: 'DEVICE' },
      { header: 'ADDRESS', shrink: true },
      { header: 'NAME', shrink: true },
      { header: 'EXPIRES', align: 'right' },
      { header: 'RX/TX', align: 'right' },
      { header: 'WHERE', shrink: true, paint: (cell) => style.dim(cell) },
    ],
    rows.slice(0, MOST_ROWS),
    width,
  );
  const more = ports.length + others.length - MOST_ROWS;
  return `\n${table}${more > 0 ? `${count(more, 'more guest')}: virtnet ports, virtnet leases\n` : ''}`;
}

/** What a person should see: a pool that fills up, drift, options that virtnet cannot vouch for, findings. */
function attention({ info, leases, drift, now }: ShowData, style: Style, width: number): string[] {
  const out: string[] = [];
  const warn = (text: string): void => {
    const [first = '', ...rest] = wrap(clean(text), width - 2);
    out.push(`${style.yellow('!')} ${first}\n`, ...rest.map((r) => `  ${r}\n`));
  };
  if (info.active) {
    for (const p of poolUse(info.network, leases, now)) {
      const share = p.total === 0 ? 0 : p.used / p.total;
      if (share >= POOL_WARNING)
        warn(
          `the DHCP range ${p.start} to ${p.end} is ${share >= POOL_URGENT ? 'nearly exhausted' : 'filling up'}: ${String(p.used)} of ${String(p.total)} addresses are leased`,
        );
    }
    if (drift.steps.length > 0) {
      warn(
        `this host differs from what the network says in ${count(drift.steps.length, 'place')}: ${shellLine('virtnet', 'diff', info.name)}, ${shellLine('virtnet', 'repair', info.name)}`,
      );
      const names = new Map([[info.uuid, info.name]]);
      for (const step of drift.steps.slice(0, 5))
        out.push(`    ${nameResource(step.key, names)}: ${clean(nameResource(step.reason, names))}\n`);
    }
  }
  if (info.network.dnsmasqOptions.length > 0)
    warn(`tainted: ${count(info.network.dnsmasqOptions.length, 'line')} of the document go to dnsmasq unread (dnsmasq:options)`);
  const findings = new Map([...info.warnings, ...drift.diagnostics].map((d) => [`${d.code} ${d.message}`, d]));
  for (const d of findings.values()) out.push(formatDiagnostic(d, undefined, style, width));
  return out.length === 0 ? [] : ['\n', ...out];
}
