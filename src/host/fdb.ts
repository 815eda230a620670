import type { FdbResource } from '../compile/host-state.ts';
import { run, toolError, tryRun } from './command.ts';
import { StepFailure } from './handler.ts';
import type { DirectHandler, Look } from './handler.ts';
import { batchLine } from './ip-line.ts';
import { markedOwner } from './link-rows.ts';

interface FdbRow {
  readonly mac: string;
  readonly ifname?: string;
  readonly master?: string;
  readonly state?: string;
}

/** Static forwarding entries of bridge ports. Entries that a bridge learned or gave itself are not ours. */
export const fdb: DirectHandler<'fdb'> = {
  async observe(look) {
    if (!isConcerned(look)) return [];
    const { stdout } = await run(['bridge', '-json', 'fdb', 'show']);
    return (JSON.parse(stdout) as readonly FdbRow[]).flatMap((row): FdbResource[] => {
      const link = look.links.get(row.ifname ?? '');
      const owner = look.ownerOf(row.ifname ?? '');
      if (!link || !owner || row.master === undefined || row.state !== 'static') return [];
      if (markedOwner(link) === undefined && !look.request.desired.has(`fdb ${row.mac} on ${link.ifname}`)) return [];
      return [{ kind: 'fdb', dev: link.ifname, mac: row.mac, owner }];
    });
  },

  async execute(steps) {
    const lines = steps.map((s) => {
      const r = s.after ?? s.before;
      return batchLine([
        'fdb',
        s.op === 'delete' ? 'delete' : 'replace',
        r?.mac ?? '',
        'dev',
        r?.dev ?? '',
        'master',
        ...(s.op === 'delete' ? [] : ['static']),
      ]);
    });
    const result = await tryRun(['bridge', '-force', '-batch', '-'], { input: lines.map((line) => `${line}\n`).join('') });
    // Each failure is its words and then "Command failed -:LINE".
    for (const m of result.stderr.matchAll(/([^]*?)Command failed -:(\d+)\n?/g)) {
      const index = Number(m[2]) - 1;
      const words = (m[1] ?? '').trim();
      if (steps[index]?.op === 'delete' && /No such file or directory|Cannot find device|No such device/.test(words)) continue;
      throw new StepFailure(Math.max(index, 0), toolError('bridge', words, { argv: ['bridge', lines[index] ?? ''] }));
    }
    if (result.code !== 0 && !result.stderr.includes('Command failed')) throw toolError('bridge', result.stderr, { lines });
  },
};

/** Reading the tables of all bridges is only worth it where a bridge port of ours does not learn by itself. */
function isConcerned(look: Look): boolean {
  if (look.desired('fdb').length > 0) return true;
  return [...look.links.values()].some((row) => row.linkinfo?.info_slave_data?.['learning'] === false);
}
