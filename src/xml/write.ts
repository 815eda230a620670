/** Writes text as libvirt does: two spaces a level, attributes in single quotes, every line ended. */
export class XmlWriter {
  #out = '';
  #indent = '';

  /** `<name a='v'/>`. Attributes without a value are left out. */
  empty(name: string, attributes: Attributes = []): void {
    this.raw(emptyElement(name, attributes));
  }

  /** `<name a='v'>text</name>`. */
  text(name: string, text: string, attributes: Attributes = []): void {
    this.#out += `${this.#indent}<${name}${formatAttributes(attributes)}>${escapeXml(text)}</${name}>\n`;
  }

  /** An element with content; always written as an open and a close tag. */
  element(name: string, attributes: Attributes, content: () => void): void {
    this.#out += `${this.#indent}<${name}${formatAttributes(attributes)}>\n`;
    this.#indent += '  ';
    content();
    this.#indent = this.#indent.slice(2);
    this.#out += `${this.#indent}</${name}>\n`;
  }

  /** An element that is written as `<name/>` when its content turns out empty. */
  elementOrEmpty(name: string, attributes: Attributes, content: () => void): void {
    const before = this.#out;
    const open = `${this.#indent}<${name}${formatAttributes(attributes)}`;
    this.#out = '';
    this.#indent += '  ';
    content();
    this.#indent = this.#indent.slice(2);
    this.#out = this.#out === '' ? `${before}${open}/>\n` : `${before}${open}>\n${this.#out}${this.#indent}</${name}>\n`;
  }

  /** Text that is XML already, indented as it stands. */
  raw(xml: string): void {
    this.#out += `${this.#indent}${xml}\n`;
  }

  /** Levels of nesting at this point. */
  get depth(): number {
    return this.#indent.length / 2;
  }

  toString(): string {
    return this.#out;
  }
}

/** Names and values in order; undefined values are left out, booleans are yes and no. */
export type Attributes = readonly (readonly [name: string, value: string | number | boolean | undefined])[];

/** `<name a='v'/>`, as text for `raw`. Joined, V8 keeps it in one piece: what is kept and written often need not be put together each time. */
export function emptyElement(name: string, attributes: Attributes): string {
  return ['<', name, formatAttributes(attributes), '/>'].join('');
}

function formatAttributes(attributes: Attributes): string {
  let out = '';
  for (const [name, value] of attributes) {
    if (value === undefined) continue;
    const text = typeof value === 'string' ? escapeXml(value) : typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
    out += ` ${name}='${text}'`;
  }
  return out;
}

const SPECIAL = /[&<>'"]/;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&apos;', '"': '&quot;' };

/** Escapes the five characters that libvirt escapes, in text as in attributes. */
export function escapeXml(text: string): string {
  return SPECIAL.test(text) ? text.replace(/[&<>'"]/g, (c) => ENTITIES[c] ?? c) : text;
}
