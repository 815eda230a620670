import type { RouteResource } from '../../compile/host-state.ts';
import type { IpHandler } from '../handler.ts';
import { ROUTE_PROTOCOL } from '../marks.ts';

/** A row of `ip -json route show table all`. */
export interface RouteRow {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly table?: string;
  readonly protocol?: string;
  readonly metric?: number;
  readonly type?: string;
}

/** Static routes, known by our route protocol. */
export const routes: IpHandler<'route'> = {
  async observe(look, tools) {
    if (look.links.size === 0) return [];
    const rows = (await tools.ip.query<RouteRow>(['route', 'show', 'table', 'all', 'proto', String(ROUTE_PROTOCOL)])) ?? [];
    return rows.flatMap((row): RouteResource[] => {
      const owner = row.dev === undefined ? undefined : look.ownerOf(row.dev);
      if (owner === undefined || row.dev === undefined || row.gateway === undefined) return [];
      const to = withPrefix(row.dst, row.gateway.includes(':') ? 'ipv6' : 'ipv4');
      return [{ kind: 'route', dev: row.dev, to, via: row.gateway, metric: row.metric ?? 0, owner }];
    });
  },

  ip(steps) {
    return steps.flatMap((s, step) => {
      const r = s.after ?? s.before;
      if (!r) return [];
      const route = [r.to, 'via', r.via, 'dev', r.dev, 'proto', String(ROUTE_PROTOCOL), 'metric', String(r.metric)];
      if (s.op === 'delete')
        return [{ step, args: ['route', 'delete', ...route], fine: /No such process|Cannot find device|No such device/ }];
      return [{ step, args: ['route', 'replace', ...route] }];
    });
  },
};

/** ip prints a host route without its prefix and the default route as a word. */
export function withPrefix(dst: string, family?: 'ipv4' | 'ipv6'): string {
  if (dst === 'default') return family === 'ipv6' ? '::/0' : '0.0.0.0/0';
  return dst.includes('/') ? dst : `${dst}/${dst.includes(':') ? '128' : '32'}`;
}
