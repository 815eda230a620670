import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { VirtnetError } from '../../base/errors.ts';
import { makeFolders } from '../../host/system/make-folders.ts';
import { loadDocuments, readForm } from '../documents.ts';
import { OK } from '../exit.ts';
import { writeForm } from '../reader.ts';
import { clean } from '../render/text.ts';
import { text, type Run } from '../verb.ts';
import { writing } from '../writing.ts';

export const run: Run = async (io, operands, options) => {
  const form = readForm(text(options, 'to') ?? 'yaml');
  const folder = text(options, 'output');
  const documents = await loadDocuments(io, operands, false);
  if (documents.length > 1 && folder === undefined && form === 'json') {
    throw new VirtnetError({
      code: 'VNU001',
      message: 'several documents make no one JSON text',
      hint: 'give a folder with --output, or convert them one by one',
    });
  }
  if (folder !== undefined) writing(folder, () => makeFolders(folder));
  for (const [i, document] of documents.entries()) {
    const converted = await writeForm(document.network, form);
    if (folder === undefined) io.out(`${i > 0 && form === 'yaml' ? '---\n' : ''}${converted}`);
    else {
      const path = join(
        folder,
        `${basename(document.name === '<stdin>' ? document.network.name : document.name).replace(/\.(xml|ya?ml|json)$/i, '')}.${form}`,
      );
      writing(path, () => writeFileSync(path, converted));
      io.err(`${clean(path)}\n`);
    }
  }
  return OK;
};
