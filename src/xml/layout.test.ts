import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layoutXml } from './layout.ts';
import type { XmlElement, XmlNode } from './node.ts';
import { parseXml } from './parse.ts';

const options = { namespaces: new Set(['http://libvirt.org/schemas/network/dnsmasq/1.0']) };

function lay(text: string): string {
  const { document } = parseXml(text);
  if (!document) throw new Error(`not a document: ${text}`);
  return layoutXml(document, options);
}

describe('layoutXml', () => {
  it('puts each element on a line of its own, two spaces a level', () => {
    expect(lay(`<network><name>a</name>\n\n\n\n<ip   address="10.0.0.1"\n  prefix = '24'><dhcp/></ip></network>`)).toBe(
      `<network>\n  <name>a</name>\n\n  <ip address="10.0.0.1" prefix='24'>\n    <dhcp/>\n  </ip>\n</network>\n`,
    );
  });

  it('keeps comments, also those before the root and behind an element', () => {
    expect(
      lay(
        `<?xml version="1.0"?>\n<!-- top -->\n<network>\n<!-- one\n     two -->\n      <name>a</name> <!-- its name -->\n</network>\n<!-- end -->`,
      ),
    ).toBe(
      `<?xml version="1.0"?>\n<!-- top -->\n<network>\n  <!-- one\n       two -->\n  <name>a</name> <!-- its name -->\n</network>\n<!-- end -->\n`,
    );
  });

  it('leaves text, references and foreign elements as they are', () => {
    const text = `<network>\n  <name> a &amp; b </name>\n  <metadata>\n    <x:y xmlns:x="urn:x"  a='1'><x:z/>\n </x:y>\n  </metadata>\n</network>\n`;
    expect(lay(text)).toBe(text);
  });

  it('moves the white space of a value nowhere', () => {
    expect(lay(`<network><dns><txt name='a' value='x  y&#10;z'/></dns></network>`)).toContain(`value='x  y&#10;z'`);
  });

  const folders = ['examples', '../shared/corpus/visible/valid'].filter((folder) => existsSync(folder));
  it.each(folders)('changes layout only, and nothing the second time: %s', (folder) => {
    for (const file of readdirSync(folder).filter((f) => f.endsWith('.xml'))) {
      const text = readFileSync(join(folder, file), 'utf8');
      const once = lay(text);
      expect(lay(once), file).toBe(once);
      expect(shape(parse(once)), file).toEqual(shape(parse(text)));
    }
  });
});

function parse(text: string): XmlElement {
  const { document } = parseXml(text);
  if (!document) throw new Error('not a document');
  return document.root;
}

/** What a document says: everything but where it stands. Comments are compared by their words. */
function shape(node: XmlNode): unknown {
  switch (node.kind) {
    case 'element':
      return [
        node.name,
        node.attributes.map((a) => [a.name, a.value]),
        node.declarations.map((a) => [a.name, a.value]),
        node.children.map(shape),
      ];
    case 'comment':
      return ['comment', node.value.split(/\s+/)];
    case 'text':
    case 'cdata':
      return [node.kind, node.value];
    case 'instruction':
      return [node.target, node.value];
  }
}
