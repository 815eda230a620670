import type { IpHandler } from './handler.ts';

/** The administrative state of links: ours, and those that `desired` wants up. */
export const linkUps: IpHandler<'link-up'> = {
  observe(look) {
    return [...look.links.values()].flatMap((row) => {
      const owner = look.ownerOf(row.ifname);
      return owner !== undefined && row.flags.includes('UP') ? [{ kind: 'link-up' as const, dev: row.ifname, owner }] : [];
    });
  },

  ip(steps) {
    return steps.flatMap((s, step) => {
      const dev = (s.after ?? s.before)?.dev;
      if (dev === undefined) return [];
      const args = ['link', 'set', 'dev', dev, s.op === 'delete' ? 'down' : 'up'];
      return [{ step, args, ...(s.op === 'delete' ? { fine: /Cannot find device/ } : {}) }];
    });
  },
};
