import type { FdbResource } from '../../compile/host-state.ts';
import { run, toolError, tryRun } from '../tools/command.ts';
import { StepFailure } from '../handler.ts';
import type { DirectHandler, Look, StepOf } from '../handler.ts';
import { batchLine } from '../iproute/ip-line.ts';
import { markedOwner } from '../links/link-rows.ts';

interface FdbRow {
  readonly mac: string;
  readonly ifname?: string;
  readonly master?: string;
  readonly state?: string;
}

/**
 * Static forwarding entries of bridge ports. Entries that a bridge learned or gave itself are not ours. One that is given up becomes one
 * that the bridge has learned, and ages: a bridge that still floods nothing at that moment would drop what is sent to the guest.
 */
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
    const refused = await runLines(steps, (s) => entry(s, s.op === 'delete' ? ['replace', 'dynamic'] : ['replace', 'static']));
    // A port that forwards nothing learns nothing either.
    const silent = refused.filter(({ step, words }) => steps[step]?.op === 'delete' && /Operation not permitted/.test(words));
    const gone = await runLines(
      silent.map(({ step }) => steps[step] as FdbStep),
      (s) => entry(s, ['delete']),
    );
    const left = [...refused.filter((r) => !silent.includes(r)), ...gone.map((r) => ({ ...r, step: silent[r.step]?.step ?? 0 }))];
    for (const { step, words, line } of left) {
      if (steps[step]?.op === 'delete' && ABSENT.test(words)) continue;
      throw new StepFailure(step, toolError('bridge', words, { argv: ['bridge', line] }));
    }
  },
};

type FdbStep = StepOf<'fdb'>;

/** What the kernel says of an entry, a device or a bridge that is no more. */
const ABSENT = /No such file or directory|Cannot find device|No such device|Operation not supported/;

function entry({ before, after }: FdbStep, [verb, ...state]: readonly [verb: string, state?: string]): string {
  const r = after ?? before;
  return batchLine(['fdb', verb, r?.mac ?? '', 'dev', r?.dev ?? '', 'master', ...state.filter((word) => word !== undefined)]);
}

interface Refused {
  /** Place of the step. */
  readonly step: number;
  readonly words: string;
  readonly line: string;
}

/** Runs a line of bridge(8) for each step; gives those that failed. */
async function runLines(steps: readonly FdbStep[], lineOf: (step: FdbStep) => string): Promise<readonly Refused[]> {
  if (steps.length === 0) return [];
  const lines = steps.map(lineOf);
  const { code, stderr } = await tryRun(['bridge', '-force', '-batch', '-'], { input: lines.map((line) => `${line}\n`).join('') });
  // Each failure is its words and then "Command failed -:LINE".
  const failed = [...stderr.matchAll(/([^]*?)Command failed -:(\d+)\n?/g)].map(([, words = '', at]) => {
    const step = Math.max(Number(at) - 1, 0);
    return { step, words: words.trim(), line: lines[step] ?? '' };
  });
  if (code !== 0 && failed.length === 0) throw toolError('bridge', stderr, { lines });
  return failed;
}

/** Reading the tables of all bridges is only worth it where a bridge port of ours does not learn by itself. */
function isConcerned(look: Look): boolean {
  if (look.desired('fdb').length > 0) return true;
  return [...look.links.values()].some((row) => row.linkinfo?.info_slave_data?.['learning'] === false);
}
