import type { AddressResource } from '../../compile/host-state.ts';
import type { IpHandler } from '../handler.ts';
import { markedOwner } from './link-rows.ts';

/** Addresses on our links. Those that the kernel gives itself (IPv6 link-local, autoconfigured) count only where `desired` names them. */
export const addresses: IpHandler<'address'> = {
  observe(look) {
    return [...look.links.values()].flatMap((row) =>
      (row.addr_info ?? []).flatMap((a): AddressResource[] => {
        const owner = look.ownerOf(row.ifname);
        if (owner === undefined || a.local === undefined || a.prefixlen === undefined) return [];
        const address = `${a.local}/${String(a.prefixlen)}`;
        const byKernel = (a.family === 'inet6' && a.scope === 'link') || a.dynamic === true || a.temporary === true;
        const isNamed = look.request.desired.has(`address ${address} on ${row.ifname}`);
        if (!isNamed && (byKernel || markedOwner(row) === undefined)) return [];
        return [{ kind: 'address', dev: row.ifname, address, owner }];
      }),
    );
  },

  ip(steps) {
    return steps.flatMap((s, step) => {
      const r = s.after ?? s.before;
      if (!r) return [];
      if (s.op === 'delete')
        return [
          {
            step,
            args: ['address', 'delete', r.address, 'dev', r.dev],
            fine: /Cannot assign requested address|Cannot find device|No such device/,
          },
        ];
      // A broadcast address as libvirt sets it; no duplicate address detection, which would keep dnsmasq waiting for a second.
      const how = r.address.includes(':') ? ['nodad'] : ['broadcast', '+'];
      return [{ step, args: ['address', 'replace', r.address, ...how, 'dev', r.dev] }];
    });
  },
};
