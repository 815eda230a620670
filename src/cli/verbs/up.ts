import { makeChange } from '../change.ts';
import { loadDocuments, storedDocuments } from '../documents.ts';
import { meansFile } from '../sources.ts';
import { sentence, shellLine } from '../render/text.ts';
import { flag, type Run } from '../verb.ts';
import { addressOf } from '../views.ts';

export const run: Run = async (io, operands, options) => {
  const documents = await loadDocuments(io, operands.filter(meansFile), flag(options, 'json'));
  await using driver = await io.openDriver();
  const all = [...documents.map((d) => d.xml), ...(await storedDocuments(driver, operands))];
  const bounce = flag(options, 'bounce');
  return await makeChange(io, options, {
    apply: (change) => driver.up(all, { ...change, ...(bounce ? { bounce } : {}) }),
    showPlan: true,
    report: (networks) => networks.map((n) => sentence`${n.name} is up${where(n.bridge, n.network.ips.map(addressOf))}`).join(''),
    unchanged: (networks) => networks.map((n) => sentence`${n.name} is up; nothing to change on this host`).join(''),
    warnings: (networks) => driver.warnings(networks.map(({ uuid }) => ({ uuid }))),
    next: (networks) => shellLine('virtnet', 'show', networks[0]?.name ?? ''),
  });
};

function where(bridge: string | undefined, addresses: readonly string[]): string {
  if (bridge === undefined) return '';
  return addresses.length === 0 ? ` on ${bridge}` : ` on ${bridge}: ${addresses.join(', ')}`;
}
