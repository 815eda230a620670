import { VirtnetError } from '../../base/errors.ts';
import { layoutXml } from '../../xml/layout.ts';
import { parseXml } from '../../xml/parse.ts';
import { DNSMASQ_NAMESPACE } from '../../network/dnsmasq-options.ts';
import { FAILED, OK } from '../exit.ts';
import type { Io } from '../io.ts';
import { textFault, readDocument, writeForm } from '../reader.ts';
import { showFindings } from '../documents.ts';
import { replaceFile } from '../replace-file.ts';
import { readSources, type Source } from '../sources.ts';
import { clean, shellLine } from '../render/text.ts';
import { flag, type Run } from '../verb.ts';
import { printJson } from '../views.ts';
import { writing } from '../writing.ts';

export const run: Run = async (io, operands, options) => {
  const [write, check, asData] = [flag(options, 'write'), flag(options, 'check'), flag(options, 'json')];
  if (write && check) throw new VirtnetError({ code: 'VNU001', message: '--write changes files and --check only looks: take one of them' });
  const files: { file: string; ok: boolean; changed: boolean; text?: string }[] = [];
  for (const source of readSources(io, operands)) {
    const laid = await lay(io, source, flag(options, 'canonical'), asData);
    if (laid === undefined) {
      files.push({ file: source.name, ok: false, changed: false });
      continue;
    }
    const changed = !Buffer.from(laid).equals(source.bytes);
    files.push({ file: source.name, ok: true, changed, ...(asData && !write && !check ? { text: laid } : {}) });
    if (write) {
      if (source.name === '<stdin>') throw new VirtnetError({ code: 'VNU001', message: 'stdin cannot be written to: leave --write out' });
      if (changed) writing(source.name, () => replaceFile(source.name, laid));
      if (changed && !asData) io.out(`${clean(source.name)}\n`);
    } else if (check) {
      if (changed && !asData) io.out(`${clean(source.name)}\n`);
    } else if (!asData) io.out(laid);
  }
  const unread = files.some((f) => !f.ok);
  const otherwise = check && files.some((f) => f.changed);
  if (asData) io.out(printJson({ ok: !unread && !otherwise, files }));
  else if (otherwise) io.err(`Next: ${shellLine('virtnet', 'format', '--write', ...operands)}\n`);
  return unread || otherwise ? FAILED : OK;
};

/** The document laid out; undefined (and said why) when it cannot be read. */
async function lay(io: Io, source: Source, canonical: boolean, asData: boolean): Promise<string | undefined> {
  if (canonical) {
    const read = await readDocument(source);
    if (!asData) showFindings(io, read.network ? [] : read.diagnostics, read.source);
    return read.network && writeForm(read.network, source.kind);
  }
  if (source.kind === 'xml') {
    const { document, diagnostics, text } = parseXml(source.bytes);
    if (document) return declaredUtf8(layoutXml(document, { namespaces: new Set([DNSMASQ_NAMESPACE]) }));
    if (!asData) showFindings(io, diagnostics, { name: source.name, text });
    return undefined;
  }
  const { parseYaml } = await import('../yaml.ts');
  const text = new TextDecoder().decode(source.bytes);
  const unreadable = textFault(source.bytes, text);
  const { document, faults } = unreadable ? { faults: [unreadable] } : parseYaml(text);
  if (document === undefined || faults.length > 0) {
    if (!asData) showFindings(io, faults, { name: source.name, text });
    return undefined;
  }
  return source.kind === 'json' ? `${JSON.stringify(document.toJS(), null, 2)}\n` : document.toString({ lineWidth: 0 });
}

/** The text is written as UTF-8, whatever encoding it came in. */
function declaredUtf8(text: string): string {
  return text.replace(/^(<\?xml\s[^>]*?\sencoding\s*=\s*)("[^"]*"|'[^']*')/, (declaration, start: string, encoding: string) =>
    /^.utf-8.$/i.test(encoding) ? declaration : `${start}${encoding.charAt(0)}UTF-8${encoding.charAt(0)}`,
  );
}
