import type { Random } from './random.ts';

/** An element to be written; mutable, because faults are put into it. */
export interface Tree {
  name: string;
  attributes: [name: string, value: string][];
  children: Tree[];
  text?: string;
}

/** Attributes with an undefined value are left out. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  children: (Tree | undefined)[] = [],
): Tree {
  return {
    name,
    attributes: Object.entries(attributes).filter((a): a is [string, string] => a[1] !== undefined),
    children: children.filter((c) => c !== undefined),
  };
}

export function withText(name: string, text: string): Tree {
  return { name, attributes: [], children: [], text };
}

/** Every element of the tree with its parent, root first. */
export function allElements(tree: Tree, parent?: Tree): { readonly element: Tree; readonly parent: Tree | undefined }[] {
  return [{ element: tree, parent }, ...tree.children.flatMap((child) => allElements(child, tree))];
}

const escape = (text: string, quote: string): string =>
  text.replace(/[&<>'"\t\n\r]/g, (c) => {
    if (c === '&') return '&amp;';
    if (c === '<') return '&lt;';
    if (c === '>') return '&gt;';
    if (c === "'") return quote === "'" ? '&apos;' : c;
    if (c === '"') return quote === '"' ? '&quot;' : c;
    return quote === '' ? c : `&#${String(c.charCodeAt(0))};`;
  });

/** Writes the tree in one of many layouts: quotes, blanks, self-closing or not, comments and processing instructions between. */
export function writeTree(tree: Tree, rng: Random): string {
  const messy = rng.chance(0.3);
  const gap = (): string => (messy ? rng.pick(['', ' ', '\n', '\n\t ', '<!-- a comment -->', '<?pi data?>']) : '\n');
  const write = (node: Tree): string => {
    const attributes = node.attributes.map(([name, value]) => {
      const quote = messy && rng.chance(0.5) ? '"' : "'";
      const equals = messy ? rng.pick(['=', '=', ' = ']) : '=';
      return ` ${name}${equals}${quote}${escape(value, quote)}${quote}`;
    });
    const open = `<${node.name}${attributes.join('')}`;
    if (node.text !== undefined) return `${open}>${escape(node.text, '')}</${node.name}>`;
    if (node.children.length === 0) return messy && rng.chance(0.3) ? `${open}></${node.name}>` : `${open}/>`;
    return `${open}>${gap()}${node.children.map((child) => write(child) + gap()).join('')}</${node.name}>`;
  };
  return write(tree);
}
