import { accepted, refused, writtenInactive, writtenLive } from './documents.ts';
import { ports } from './ports.ts';
import type { Outcome, Section } from './section.ts';
import { updates } from './updates.ts';

const sections: readonly Section[] = [accepted, refused, writtenInactive, writtenLive, updates, ports];

/** Every section's outcomes over one corpus folder. */
export function runConformance(folder: string): { readonly section: Section; readonly outcomes: readonly Outcome[] }[] {
  return sections.map((section) => ({ section, outcomes: section.run(folder) }));
}
