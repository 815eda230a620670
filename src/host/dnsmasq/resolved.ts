import { formatIp } from '../../inet/ip.ts';
import { resourceKey } from '../../compile/host-state.ts';
import type { ResolvedResource } from '../../compile/host-state.ts';
import { addressBytes } from '../system/address-bytes.ts';
import { busCall, busProperty } from '../tools/bus.ts';
import { eachStep } from '../handler.ts';
import type { DirectHandler, HostTools } from '../handler.ts';
import { concerned, forget, remember } from '../memo.ts';
import { readText } from '../system/small-files.ts';

const MANAGER = {
  service: 'org.freedesktop.resolve1',
  path: '/org/freedesktop/resolve1',
  interface: 'org.freedesktop.resolve1.Manager',
} as const;
const GONE = /NoSuchLink|ServiceUnknown|not provided|not activatable|not known/;

/**
 * The domain and name server of a bridge in systemd-resolved (org.freedesktop.resolve1(5)): names below the domain are asked there, and
 * no others. The settings end with the link.
 */
export const resolved: DirectHandler<'resolved'> = {
  async observe(look, tools) {
    const found = await Promise.all(
      concerned('resolved', look, tools).map(async (r): Promise<ResolvedResource[]> => {
        const index = await ifindex(r.dev, tools);
        if (index === undefined) {
          // Its settings ended with it; the note goes when nobody wants it any more.
          if (!look.request.desired.has(resourceKey(r))) forget(resourceKey(r), tools);
          return [];
        }
        const [path] = (await busCall(MANAGER, 'GetLink', ['i', index], GONE)) ?? [];
        if (typeof path !== 'string') return [];
        const link = { ...MANAGER, path, interface: 'org.freedesktop.resolve1.Link' };
        const [dns, domains] = await Promise.all([busProperty(link, 'DNS'), busProperty(link, 'Domains')]);
        const server = firstServer(dns);
        const domain = firstDomain(domains);
        return server === undefined || domain === undefined ? [] : [{ ...r, server, domain }];
      }),
    );
    return found.flat();
  },

  execute(steps, tools) {
    return eachStep(steps, async ({ op, before, after, key }) => {
      const dev = (after ?? before)?.dev ?? '';
      const index = await ifindex(dev, tools);
      if (op === 'delete' || !after) {
        if (index !== undefined) await busCall(MANAGER, 'RevertLink', ['i', index], GONE);
        forget(key, tools);
        return;
      }
      remember({ resource: after }, tools);
      const bytes = addressBytes(after.server);
      const family = bytes.length === 4 ? AF_INET : AF_INET6;
      await busCall(MANAGER, 'SetLinkDNS', ['ia(iay)', index ?? '0', '1', family, String(bytes.length), ...bytes.map(String)]);
      await busCall(MANAGER, 'SetLinkDomains', ['ia(sb)', index ?? '0', '1', after.domain, 'true']);
    });
  },
};

const AF_INET = '2';
const AF_INET6 = '10';

async function ifindex(dev: string, tools: HostTools): Promise<string | undefined> {
  return readText(`${tools.sysfs}/class/net/${dev}/ifindex`)?.trim();
}

/** `[[family, [bytes]], ...]` */
function firstServer(dns: unknown): string | undefined {
  const entry = (dns as readonly (readonly [number, readonly number[]])[])[0];
  if (entry === undefined) return undefined;
  const value = entry[1].reduce((v, byte) => (v << 8n) | BigInt(byte), 0n);
  return formatIp({ family: entry[1].length === 4 ? 'ipv4' : 'ipv6', value });
}

/** `[[domain, routeOnly], ...]` */
function firstDomain(domains: unknown): string | undefined {
  return (domains as readonly (readonly [string, boolean])[])[0]?.[0];
}
