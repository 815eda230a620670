/** The parts of a URI that choose a driver. */
export interface Uri {
  /** Absent from a relative reference. As it was written: libvirt tells `Network:` from `network:`. */
  readonly scheme: string | undefined;
  /** Empty for this host. */
  readonly host: string;
  /** Without its escapes, up to the first NUL. */
  readonly path: string;
  /** The query and the fragment with their marks, as they were written. */
  readonly tail: string;
}

const ESCAPED = '%[0-9A-Fa-f]{2}';
const UNRESERVED = "A-Za-z0-9\\-._~!$&'()*+,;=";
const CHARACTER = `(?:[${UNRESERVED}:@]|${ESCAPED})`;
const AUTHORITY = `(?:(?:[${UNRESERVED}:]|${ESCAPED})*@)?((?:[${UNRESERVED}]|${ESCAPED})*|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]*)?`;
const TAIL = `(?:${CHARACTER}|[/?])*`;
const FORM = new RegExp(
  `^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://${AUTHORITY}((?:/${CHARACTER}*)*)|((?!//)(?:${CHARACTER}|/)*))((?:\\?${TAIL})?(?:#${TAIL})?)$`,
);

/** A URI reference of RFC 3986, as libxml2 reads it for libvirt; undefined when the text is none. */
export function parseUri(text: string): Uri | undefined {
  const parts = FORM.exec(text);
  if (parts === null) return undefined;
  const [, scheme, host = '', rooted, rootless = '', tail = ''] = parts;
  const path = rooted ?? rootless;
  // A colon in the first segment of a relative path would end a scheme (section 4.2).
  if (scheme === undefined && /^[^/]*:/.test(path)) return undefined;
  return { scheme, host, path: unescaped(path), tail };
}

function unescaped(path: string): string {
  const bytes = (run: string): string => Buffer.from(run.replaceAll('%', ''), 'hex').toString();
  return path.replace(/(?:%[0-9A-Fa-f]{2})+/g, bytes).replace(/\0.*/s, '');
}
