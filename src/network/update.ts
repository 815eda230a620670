import { hasErrors, type Diagnostic, type Result } from '../base/diagnostic.ts';
import { lineIndex } from '../base/source.ts';
import { parseXml } from '../xml/parse.ts';
import { readContext, toDiagnostic } from './context.ts';
import type { Network } from './network.ts';
import { recheck } from './update/recheck.ts';
import { refusal } from './update/refusal.ts';
import type { LibvirtSection, UpdateCommand } from './update/request.ts';
import { sections } from './update/sections.ts';

export { commandOf, libvirtCommands, libvirtSections, sectionOf } from './update/request.ts';
export type { LibvirtSection, UpdateCommand } from './update/request.ts';
export { affectedBy, type Affected, type UpdateState } from './update/affect.ts';

/** One change to one section of a network, as `virsh net-update` asks for it. */
export interface NetworkUpdate {
  /** A number that is none of libvirt's sections is refused as libvirt refuses it. */
  readonly section: LibvirtSection | number;
  readonly command: UpdateCommand | number;
  /** Which `<ip>` a DHCP entry belongs to, from 0 over all of them; negative (the default) finds the one that fits. */
  readonly parentIndex?: number;
  /** The element as XML text. */
  readonly fragment: string;
}

/**
 * Changes one section of a network: pure, the network given stays as it is. Accepts, refuses and changes exactly what libvirt does;
 * a refusal carries libvirt's error (codes VNE, VNX, VNM).
 */
export function updateNetwork(network: Network, update: NetworkUpdate): Result<Network> {
  const parsed = parseXml(update.fragment);
  if (!parsed.document) return { ok: false, diagnostics: parsed.diagnostics };
  const apply = typeof update.section === 'number' ? undefined : sections[update.section];
  if (!apply) return { ok: false, diagnostics: [unsupportedSection(network, update.section)] };

  const context = readContext(network.name);
  const element = parsed.document.root;
  const outcome = apply({ network, command: update.command, parentIndex: update.parentIndex ?? -1, element, context });
  const lines = lineIndex(parsed.text);
  const found = [...parsed.diagnostics, ...context.findings.map((f) => toDiagnostic(f, (offset) => lines.positionOf(offset)))];
  if (!outcome) return { ok: false, diagnostics: found };
  const checked = outcome.ok ? recheck(outcome.value) : [];
  const diagnostics = [...found, ...outcome.diagnostics, ...checked];
  return outcome.ok && !hasErrors(diagnostics) ? { ok: true, value: outcome.value, diagnostics } : { ok: false, diagnostics };
}

function unsupportedSection(network: Network, section: LibvirtSection | number): Diagnostic {
  if (typeof section === 'number') {
    return refusal('VNE002', `${String(section)} is no section of a network`, 84, "can't update unrecognized section of network");
  }
  return refusal(
    'VNE001',
    `section '${section}' cannot be changed in place`,
    84,
    `can't update '${section.replace('-', ' ')}' section of network '${network.name}'`,
    'define the whole network anew',
  );
}
