import { batchLine } from '../host/iproute/ip-line.ts';
import { handlers } from '../host/handlers.ts';
import type { IpCommand } from '../host/handler.ts';
import { isFirewallStep, nftScript } from '../host/firewall/nft-script.ts';
import type { Plan, Step } from '../plan/plan.ts';
import type { Style } from './render/style.ts';
import { clean } from './render/text.ts';

/** The commands that carry a plan out, in their order: lines of ip(8), the one nft(8) transaction, and files with their texts. */
export function commandsOf(plan: Plan, style: Style): string {
  const lines: string[] = [`${style.bold('Commands')}\n`];
  let firewallDone = false;
  for (const step of plan.steps) {
    if (isFirewallStep(step)) {
      if (firewallDone) continue;
      firewallDone = true;
      const script = nftScript(plan.steps.filter(isFirewallStep));
      lines.push(
        `  nft -f - ${style.dim('# one transaction')}\n`,
        ...script
          .trimEnd()
          .split('\n')
          .map((l) => `    ${clean(l)}\n`),
      );
    } else lines.push(...stepLines(step));
  }
  return lines.join('');
}

function stepLines(step: Step): string[] {
  if (step.kind === 'firewall' || step.kind === 'firewall-base') return [];
  const handler = handlers[step.kind] as unknown as { ip?(steps: readonly Step[]): readonly IpCommand[] };
  if (handler.ip) return handler.ip([step]).map((c) => `  ip ${clean(batchLine(c.args))}\n`);
  const r = step.after ?? step.before;
  switch (r?.kind) {
    case 'sysctl':
      return [`  sysctl -w ${clean(r.path)}=${clean(r.value)}\n`];
    case 'dnsmasq':
      return step.op === 'delete'
        ? [`  # dnsmasq of ${r.bridge} ends\n`]
        : [
            `  dnsmasq --conf-file=... ${'# with this file'}\n`,
            ...r.conf
              .trimEnd()
              .split('\n')
              .map((l) => `    ${clean(l)}\n`),
          ];
    case undefined:
      return [];
    default:
      return [`  # ${step.op} ${clean(step.key)}\n`];
  }
}
