import { makeChange } from '../change.ts';
import { loadDocuments } from '../documents.ts';
import { looksLikeFile } from '../sources.ts';
import { existsSync } from 'node:fs';
import { flag, type Run } from '../verb.ts';
import { addressOf } from '../views.ts';

export const run: Run = async (io, operands, options) => {
  const isFile = (word: string): boolean => looksLikeFile(word) || existsSync(word);
  const documents = await loadDocuments(io, operands.filter(isFile), flag(options, 'json'));
  await using driver = await io.openDriver();
  // A name stands for its stored definition, so that files and names make one plan.
  const stored = await Promise.all(
    operands
      .filter((word) => !isFile(word))
      .map(async (name) => {
        const info = await driver.get(name);
        return driver.xml(name, { inactive: info.persistent });
      }),
  );
  const all = [...documents.map((d) => d.xml), ...stored];
  const bounce = flag(options, 'bounce');
  return await makeChange(io, options, {
    apply: (change) => driver.up(all, { ...change, ...(bounce ? { bounce } : {}) }),
    showPlan: true,
    report: (networks) => networks.map((n) => `${n.name} is up${where(n.bridge, n.network.ips.map(addressOf))}\n`).join(''),
    unchanged: (networks) => networks.map((n) => `${n.name} is up; nothing to change on this host\n`).join(''),
    warnings: (networks) => driver.warnings(networks.map(({ uuid }) => ({ uuid }))),
    next: (networks) => `virtnet show ${networks[0]?.name ?? ''}`,
  });
};

function where(bridge: string | undefined, addresses: readonly string[]): string {
  if (bridge === undefined) return '';
  return addresses.length === 0 ? ` on ${bridge}` : ` on ${bridge}: ${addresses.join(', ')}`;
}
