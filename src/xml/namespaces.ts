import type { XmlAttribute, XmlElement } from './node.ts';
import type { XmlRemark } from './fault.ts';

interface Binding {
  readonly prefix: string;
  readonly uri: string;
  readonly owner: object;
  readonly outer: Binding | undefined;
}

type Named = Pick<XmlElement, 'name' | 'start' | 'declarations'> & {
  local: string;
  prefix: string | undefined;
  namespace: string | undefined;
};

/** The namespace of the prefix `xml`, bound without a declaration. */
const XML = 'http://www.w3.org/XML/1998/namespace';

/** The namespace declarations in force while a document is read (Namespaces in XML 1.0). Costs nothing where there are none. */
export class Namespaces {
  #bindings: Binding | undefined = undefined;

  /** Takes the element's declarations in and gives the element its namespace. */
  enter(element: Named & { readonly end: number }, remarks: XmlRemark[]): void {
    const before = this.#bindings;
    for (const declaration of element.declarations) this.#declare(declaration, element);
    const colon = element.name.indexOf(':');
    if (colon > 0) {
      const prefix = element.name.slice(0, colon);
      const uri = this.#lookup(prefix);
      if (uri === undefined) {
        remarks.push({
          code: 'VNX009',
          offset: element.start + 1,
          message: `namespace prefix '${prefix}' of element '${element.name}' is not declared`,
          hint: `declare it: xmlns:${prefix}='...'`,
        });
      } else {
        element.prefix = prefix;
        element.local = element.name.slice(colon + 1);
        element.namespace = uri;
      }
    } else if (this.#bindings) {
      const uri = this.#lookup('');
      if (uri !== undefined && uri !== '') element.namespace = uri;
    }
    if (element.end >= 0) this.#bindings = before;
  }

  /** Forgets what the element declared. */
  leave(element: object): void {
    while (this.#bindings?.owner === element) this.#bindings = this.#bindings.outer;
  }

  #declare(declaration: XmlAttribute, owner: object): void {
    const prefix = declaration.name === 'xmlns' ? '' : declaration.name.slice(6);
    if (prefix !== '' && declaration.value === '') return; // no prefix is bound to nothing (libxml2 says so and reads on)
    this.#bindings = { prefix, uri: declaration.value, owner, outer: this.#bindings };
  }

  #lookup(prefix: string): string | undefined {
    for (let b = this.#bindings; b; b = b.outer) if (b.prefix === prefix) return b.uri;
    return prefix === 'xml' ? XML : undefined;
  }
}
