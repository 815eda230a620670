import type { CodeEntry } from '../base/code-entry.ts';
import type { Deviation } from '../network/deviations.ts';

const MADE = (from: string): string => `<!-- Made from ${from}: npm run docs -->\n`;

const AREAS: readonly (readonly [prefix: string, title: string])[] = [
  ['VNX', 'XML'],
  ['VNM', 'Networks'],
  ['VNE', 'Updates of a section'],
  ['VNI', "Guests' interfaces and ports"],
  ['VNJ', 'The JSON and YAML view'],
  ['VNF', 'Port forwards'],
  ['VNC', 'This host cannot'],
  ['VNP', 'Plan and apply'],
  ['VNH', 'Host commands'],
  ['VND', 'State of networks'],
  ['VNR', 'RPC'],
  ['VNU', 'Usage'],
];

/** docs/reference/errors.md: the registry of codes as a page. Throws for a code of no known area. */
export function errorsPage(codes: Readonly<Record<string, CodeEntry>>): string {
  const all = Object.entries(codes).sort(([a], [b]) => (a < b ? -1 : 1));
  const stray = all.find(([code]) => !AREAS.some(([prefix]) => code.startsWith(prefix)));
  if (stray) throw new TypeError(`code of no area: ${stray[0]}`);
  const areas = AREAS.map(([prefix, title]) => {
    const own = all.filter(([code]) => code.startsWith(prefix)).map(([code, entry]) => codeSection(code, entry));
    return own.length === 0 ? '' : `\n## ${prefix}: ${title}\n\n${own.join('\n')}`;
  });
  return `${MADE('src/base/codes-*.ts')}
# Codes

Every code that a diagnostic or an error of virtnet can carry. \`virtnet explain CODE\` prints what this page says of it. A code keeps its
meaning for ever; a retired one is never used again. Where libvirt refuses the same document, the diagnostic carries its error code and words too
(libxml2's words for comments, CDATA sections, processing instructions, document type declarations and control characters: of the driver alone).
${areas.join('')}`;
}

function codeSection(code: string, { title, explanation, bad, good }: CodeEntry): string {
  const example = (word: string, text: string | undefined): string => (text === undefined ? '' : `\n${word}:\n\n${block(text)}`);
  return `### ${code}: ${plain(title)}\n\n${plain(explanation)}\n${example('Bad', bad)}${example('Good', good)}`;
}

/** An indented code block; control characters are shown as JSON has them. */
function block(text: string): string {
  const shown = text.replace(/[\0-\x08\x0b-\x1f]/g, (c) => JSON.stringify(c).slice(1, -1));
  return shown
    .split('\n')
    .map((line) => `    ${line}\n`)
    .join('');
}

/** docs/reference/compatibility.md: the declared deviations of the format as a page. */
export function compatibilityPage(deviations: readonly Deviation[]): string {
  const sections = deviations.map(({ id, libvirt, virtnet, reason, codes }) => {
    const list = codes.map((code) => `[${code}](errors.md)`).join(', ');
    return `## ${id}\n\n- libvirt ${plain(libvirt)}.\n- virtnet ${plain(virtnet)}.\n- Why: ${plain(reason)}.\n${list === '' ? '' : `- Codes: ${list}\n`}`;
  });
  return `${MADE('src/network/deviations.ts')}
# Where the format differs from libvirt

A network document means to virtnet what it means to libvirt: the same documents are accepted and refused, with the same error, and the written
form is the same to the byte. These are the only differences, each on purpose; \`npm run conformance\` counts them apart. What differs on a host,
once a network runs, is on [its own page](host-effects.md).

${sections.join('\n')}`;
}

/** Text that Markdown shows as it is. */
function plain(text: string): string {
  return text.replace(/[<*_]/g, (c) => (c === '<' ? '&lt;' : `\\${c}`));
}
