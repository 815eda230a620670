import { codes } from '../../base/codes.ts';
import { VirtnetError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { explainNetwork, type Explanation } from '../../network/explain.ts';
import { explainForwards } from '../../forwards/explain.ts';
import type { Network } from '../../network/network.ts';
import { loadDocuments } from '../documents.ts';
import { networkOfXml } from '../reader.ts';
import { OK } from '../exit.ts';
import type { Io } from '../io.ts';
import { clean, pad, wrap } from '../render/text.ts';
import { meansFile } from '../sources.ts';
import { flag, type Run } from '../verb.ts';
import { printJson } from '../views.ts';

const CODE = /^VN[A-Z]\d{3}$/i;

export const run: Run = async (io, operands, options) => {
  const asData = flag(options, 'json');
  const data: unknown[] = [];
  for (const [i, word] of operands.entries()) {
    if (i > 0 && !asData) io.out('\n');
    if (CODE.test(word)) explainCode(io, word.toUpperCase(), asData ? data : undefined);
    else for (const network of await networksOf(io, word, asData)) explain(io, network, asData ? data : undefined);
  }
  if (asData) io.out(printJson(data));
  return OK;
};

function explainCode(io: Io, code: string, data: unknown[] | undefined): void {
  const entry = codes[code];
  if (entry === undefined) {
    const near = nearest(code, Object.keys(codes));
    throw new VirtnetError({
      code: 'VNU001',
      message: `there is no code "${code}"`,
      ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
    });
  }
  if (data) {
    data.push({ code, ...entry });
    return;
  }
  io.out(`${io.outStyle.bold(code)}  ${entry.title}\n\n${paragraph(entry.explanation, io.width)}`);
  if (entry.bad !== undefined) io.out(`\nBad:\n${indent(entry.bad)}`);
  if (entry.good !== undefined) io.out(`\nGood:\n${indent(entry.good)}`);
}

async function networksOf(io: Io, word: string, asData: boolean): Promise<readonly Network[]> {
  if (meansFile(word)) return (await loadDocuments(io, [word], asData)).map((d) => d.network);
  await using driver = await io.openDriver();
  return [networkOfXml(await driver.xml(word))];
}

function explain(io: Io, network: Network, data: unknown[] | undefined): void {
  const sections = sectionsOf(network);
  if (data) data.push({ name: network.name, sections });
  else io.out(formatExplanation(network.name, sections, io));
}

/** What virtnet's own elements say comes behind who reaches whom. */
function sectionsOf(network: Network): readonly Explanation[] {
  const [first, ...rest] = explainNetwork(network);
  return [first, explainForwards(network), ...rest].filter((section) => section !== undefined);
}

/** Sections with a bold title each, sentences as a list. */
export function formatExplanation(name: string, sections: readonly Explanation[], io: Pick<Io, 'outStyle' | 'width'>): string {
  const parts = sections.map(({ title, sentences }) => {
    const lines = sentences.flatMap((s) => wrap(clean(s), io.width - 4).map((line, i) => `${pad(i === 0 ? '  -' : '', 4)}${line}`));
    return `${io.outStyle.bold(title)}\n${lines.join('\n')}\n`;
  });
  return `${io.outStyle.bold(`The network ${clean(name)}`)}\n\n${parts.join('\n')}`;
}

function paragraph(text: string, width: number): string {
  return wrap(text, width)
    .map((line) => `${line}\n`)
    .join('');
}

function indent(text: string): string {
  return `${text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')}\n`;
}
