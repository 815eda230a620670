import { hasErrors, type Diagnostic, type Result } from '../base/diagnostic.ts';
import { lineIndex } from '../base/source.ts';
import { parseXml } from '../xml/parse.ts';
import { readContext, toDiagnostic } from './context.ts';
import type { Network } from './network.ts';
import { readNetwork } from './read.ts';
import { extendedSections, updateExtended, type ExtendedSection } from './update/extended.ts';
import { recheck } from './update/recheck.ts';
import { refusal, unknownCommand } from './update/refusal.ts';
import type { LibvirtSection, UpdateCommand } from './update/request.ts';
import { checkName, sections, type Outcome, type SectionUpdate } from './update/sections.ts';
import { writeNetwork } from './write-network.ts';

export { commandOf, libvirtCommands, libvirtSections, sectionOf } from './update/request.ts';
export type { LibvirtSection, UpdateCommand } from './update/request.ts';
export { extendedSections, type ExtendedSection } from './update/extended.ts';
export { affectedBy, type Affected, type UpdateState } from './update/affect.ts';

/** One change to one section of a network, as `virsh net-update` asks for it. */
export interface NetworkUpdate {
  /** A number that is none of libvirt's sections is refused as libvirt refuses it. */
  readonly section: LibvirtSection | ExtendedSection | number;
  readonly command: UpdateCommand | number;
  /** Which `<ip>` a DHCP entry belongs to, from 0 over all of them; negative (the default) finds the one that fits. */
  readonly parentIndex?: number;
  /** The element as XML text. */
  readonly fragment: string;
}

/** Options of `updateNetwork`. */
export interface UpdateOptions {
  /** Beyond libvirt: bridge, domain, ip, forward, mtu, bandwidth and more (`extendedSections`) can be changed. Off by default. */
  readonly extended?: boolean;
}

/**
 * Changes one section of a network: pure, the network given stays as it is. Accepts, refuses and changes exactly what libvirt does;
 * a refusal carries libvirt's error (codes VNE, VNX, VNM). With `extended` the sections that libvirt refuses can be changed as well, and
 * the outcome must be a document that could be defined.
 */
export function updateNetwork(network: Network, update: NetworkUpdate, options: UpdateOptions = {}): Result<Network> {
  const parsed = parseXml(update.fragment);
  if (!parsed.document) return { ok: false, diagnostics: parsed.diagnostics };
  const { section } = update;
  const apply =
    typeof section === 'number' ? undefined : (sections as Readonly<Record<string, (typeof sections)[LibvirtSection]>>)[section];
  const extended = apply === undefined && options.extended === true && typeof section === 'string' && isExtended(section);
  if (!apply && !extended) return { ok: false, diagnostics: [unsupportedSection(network, section)] };

  const context = readContext(network.name);
  const element = parsed.document.root;
  const change = { network, command: update.command, parentIndex: update.parentIndex ?? -1, element, context };
  const outcome = apply ? apply(change) : extended ? applyExtended(section, change) : undefined;
  const lines = lineIndex(parsed.text);
  const found = [...parsed.diagnostics, ...context.findings.map((f) => toDiagnostic(f, (offset) => lines.positionOf(offset)))];
  if (!outcome) return { ok: false, diagnostics: found };
  const checked = outcome.ok ? (extended ? checkWhole(outcome.value) : recheck(outcome.value)) : [];
  const diagnostics = [...found, ...outcome.diagnostics, ...checked];
  return outcome.ok && !hasErrors(diagnostics) ? { ok: true, value: outcome.value, diagnostics } : { ok: false, diagnostics };
}

function isExtended(section: string): section is ExtendedSection {
  return section in extendedSections;
}

function applyExtended(section: ExtendedSection, { network, command, element, context }: SectionUpdate): Outcome {
  const wrong = checkName({ network, element }, extendedSections[section]);
  if (wrong) return wrong;
  return typeof command === 'number' ? unknownCommand(command) : updateExtended(network, section, command, element, context);
}

/** What is wrong with the whole network after a change; places in its text are none that the caller has. */
function checkWhole(network: Network): readonly Diagnostic[] {
  return readNetwork(writeNetwork(network))
    .diagnostics.filter((d) => d.severity === 'error')
    .map(({ span: _span, position: _position, ...diagnostic }) => diagnostic);
}

function unsupportedSection(network: Network, section: LibvirtSection | ExtendedSection | number): Diagnostic {
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
