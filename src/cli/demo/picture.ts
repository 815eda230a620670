import type { Network } from '../../network/network.ts';
import type { Style } from '../render/style.ts';
import { clean, formatDuration, pad, widthOf } from '../render/text.ts';
import { addressOf } from '../views.ts';
import type { Check } from './check.ts';
import type { GuestState } from './guest.ts';
import type { Stage } from './stage.ts';

/**
 * The network as a tree, from the outside to the guests:
 *
 *     outside           203.0.113.2
 *       host            203.0.113.1 on uplink0
 *         virbr0        192.168.122.1/24, 2001:db8:122::1/64   default, nat
 *           guest1      192.168.122.57, 2001:db8:122::...       52:54:00:... for 1h
 */
export function formatPicture(
  network: Network,
  bridge: string | undefined,
  stage: Stage,
  guests: readonly GuestState[],
  style: Style,
): string {
  const mode = network.forward.mode === 'none' ? 'isolated' : network.forward.mode;
  const rows: (readonly [string, string])[] = [
    ['outside', `${stage.outside4}, ${stage.outside6}`],
    ['  host', `${stage.host4}, ${stage.host6} on ${stage.uplink}`],
    [
      `    ${bridge ?? network.name}`,
      [network.ips.map(addressOf).join(', '), `network ${clean(network.name)}, ${mode}`].filter((t) => t !== '').join('  '),
    ],
    ...guests.flatMap((g): (readonly [string, string])[] => [
      [`      ${g.name}`, `${[g.ipv4 ?? 'no IPv4', ...g.ipv6].join(', ')}`],
      [
        '',
        `  ${[g.mac, `on ${g.device}`, g.lease === undefined ? '' : `lease ${formatDuration(g.lease)}`].filter((t) => t !== '').join(', ')}`,
      ],
    ]),
  ];
  const left = Math.max(...rows.map(([name]) => widthOf(name))) + 2;
  return rows.map(([name, text]) => `  ${style.bold(pad(clean(name), left))}${text.startsWith('  ') ? style.dim(text) : text}\n`).join('');
}

/** What reaches what, one tested line each. */
export function formatChecks(checks: readonly Check[], style: Style): string {
  const left = Math.max(...checks.map((c) => widthOf(c.name)));
  return checks.map((c) => `  ${c.ok ? style.green('ok  ') : style.red('FAIL')}  ${pad(clean(c.name), left)}  ${clean(c.seen)}\n`).join('');
}
