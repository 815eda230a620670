import { toolError } from '../tools/command.ts';
import { eachStep } from '../handler.ts';
import type { DirectHandler } from '../handler.ts';
import type { IpArgs } from '../iproute/ip-line.ts';

/**
 * A filter on what leaves by a bridge (tc-u32(8), tc-csum(8)): UDP to port 68 gets its checksums from the processor. It hangs on `clsact`,
 * which is no queue: the bridge keeps sending without a lock, and its limits have the root for themselves.
 */
export const checksums: DirectHandler<'checksum'> = {
  async observe(look, tools) {
    const wanted = look.desired('checksum').filter((r) => look.links.has(r.dev));
    if (wanted.length === 0) return [];
    tools.tc.forget(); // devices were made and deleted since, by ip(8)
    const answers = await tools.tc.batch(wanted.map((r) => ['filter', 'show', 'dev', r.dev, 'egress']));
    return wanted.filter((_, i): boolean => {
      const answer = answers[i];
      return answer?.ok === true && isOurs(answer.text);
    });
  },

  execute(steps, tools) {
    tools.tc.forget();
    return eachStep(steps, async ({ op, before, after }) => {
      const dev = (after ?? before)?.dev ?? '';
      // One that somebody has edited is made anew.
      const remove: Line = [['filter', 'delete', 'dev', dev, 'egress', 'pref', PREF], ABSENT];
      const make: readonly Line[] = [
        [['qdisc', 'add', 'dev', dev, 'clsact'], /Exclusivity flag on|File exists/],
        [['filter', 'add', 'dev', dev, 'egress', 'protocol', 'ip', 'pref', PREF, ...FILTER]],
      ];
      const lines = op === 'delete' ? [remove] : [remove, ...make];
      const answers = await tools.tc.batch(lines.map(([args]) => args));
      for (const [i, [args, fine]] of lines.entries()) {
        const answer = answers[i];
        if (answer && !answer.ok && fine?.test(answer.stderr) !== true) throw toolError('tc', answer.stderr, { argv: ['tc', ...args] });
      }
    });
  },
};

type Line = readonly [args: IpArgs, fine?: RegExp];

/** Our filter's place among others on the bridge; the number means nothing to the kernel. */
const PREF = '68';
const UDP_TO_PORT_68 = ['match', 'ip', 'protocol', '17', '0xff', 'match', 'ip', 'dport', '68', '0xffff'];
const FILTER = ['u32', ...UDP_TO_PORT_68, 'action', 'csum', 'ip', 'and', 'udp'];

const ABSENT =
  /Cannot find specified filter chain|Parent Qdisc doesn't exists|Invalid handle|No such file or directory|Cannot find device|No such device/;

/** True for the listing (`tc -json filter show`) of a bridge that has our filter as it was made, and no other in its place. */
function isOurs(listing: string): boolean {
  const rows = JSON.parse(listing === '' ? '[]' : listing) as readonly FilterRow[];
  const own = rows.filter((row) => String(row.pref) === PREF && row.options?.actions !== undefined);
  const [action] = own[0]?.options?.actions ?? [];
  // Matches are keys of one name in tc's listing, of which JSON keeps the last.
  const isMatched = /"value":"110000","mask":"ff0000"/.test(listing) && /"value":"44","mask":"ffff"/.test(listing);
  return own.length === 1 && isMatched && action?.kind === 'csum' && action.csum === 'iph, udp';
}

interface FilterRow {
  readonly pref?: number;
  readonly options?: { readonly actions?: readonly { readonly kind?: string; readonly csum?: string }[] };
}
