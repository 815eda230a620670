import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPort, writePort } from '../../src/interface/index.ts';
import type { Outcome, Section } from './section.ts';

/** libvirt's own port documents: accepted, and written back byte for byte. */
export const ports: Section = {
  title: 'port documents',
  run(folder) {
    const path = join(folder, 'ports');
    if (!existsSync(path)) return [];
    return readdirSync(path)
      .filter((f) => f.endsWith('.xml'))
      .sort()
      .map((name): Outcome => {
        const text = readFileSync(join(path, name), 'utf8');
        const read = readPort(text);
        if (!read.ok) return { name, result: 'differs', detail: `refused: ${read.diagnostics[0]?.message ?? ''}` };
        const written = writePort(read.value);
        return written === text ? { name, result: 'agrees' } : { name, result: 'differs', detail: `written as\n${written}` };
      });
  },
};
