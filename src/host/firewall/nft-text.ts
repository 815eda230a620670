import { IP_PROTOCOLS } from './ip-protocols.ts';

/** One chain of a table as nft lists it. */
export interface ListedChain {
  readonly name: string;
  /** `type filter hook forward priority filter; policy accept;` for a base chain. */
  readonly hook?: string;
  readonly rules: readonly string[];
}

/** One map with its elements, in nft's own words (`"virbr0"`, `jump n_..._to`). */
export interface ListedMap {
  readonly name: string;
  readonly type: string;
  readonly elements: readonly { readonly key: string; readonly verdict: string }[];
}

/** A table as `nft -s -p list table` prints it, with the names of TCP and UDP. */
export interface ListedTable {
  /** The kernel asks none of its chains. */
  readonly isDormant: boolean;
  readonly chains: readonly ListedChain[];
  readonly maps: readonly ListedMap[];
}

const NAMES: ReadonlyMap<string, string> = new Map(Object.entries(IP_PROTOCOLS).map(([name, number]) => [String(number), name]));

/** `-p` lists protocols by number, whatever names the host knows. */
const withNames = (text: string): string => text.replace(/\b\d+\b/g, (number) => NAMES.get(number) ?? number);

/** Reads the listing of one table. Objects that are neither chains nor maps are passed over. */
export function parseTable(text: string): ListedTable {
  const chains: ListedChain[] = [];
  const maps: ListedMap[] = [];
  const lines = text.split('\n').map((line) => line.trim());
  for (let i = 0; i < lines.length; i++) {
    const head = /^(chain|map|set) (\S+) \{$/.exec(lines[i] ?? '');
    if (!head) continue;
    const body: string[] = [];
    for (i++; i < lines.length && lines[i] !== '}'; i++) if (lines[i] !== '') body.push(lines[i] as string);
    const [, what, name] = head as unknown as [string, string, string];
    if (what === 'chain') chains.push(readChain(name, body));
    else if (what === 'map') maps.push(readMap(name, body));
  }
  return { isDormant: lines.some((line) => /^flags .*\bdormant\b/.test(line)), chains, maps };
}

function readChain(name: string, body: readonly string[]): ListedChain {
  const hook = body.find((line) => /^type \w+ hook /.test(line));
  const rules = body.filter((line) => line !== hook && !/^comment "/.test(line));
  return {
    name,
    ...(hook === undefined ? {} : { hook }),
    rules: rules.map((rule) => rule.replace(/\bmeta l4proto (?:\{[^}]*\}|\d+)/g, withNames)),
  };
}

function readMap(name: string, body: readonly string[]): ListedMap {
  const text = body.join(' ');
  const type = /^type (.+?)(?: (?:flags|elements|size|comment|counter|timeout)\b.*)?$/.exec(text)?.[1] ?? '';
  const listed = /elements = \{(.*)\}/.exec(text)?.[1] ?? '';
  return { name, type, elements: splitElements(listed) };
}

/** Splits `"a" : jump x, 2001:db8::1 . 6 . 80 : accept`; a quoted key may hold any character but a quotation mark. */
function splitElements(text: string): { key: string; verdict: string }[] {
  const out: { key: string; verdict: string }[] = [];
  const element = /\s*("[^"]*"|[^\s,"][^,"]*?)(?: comment "[^"]*")? : ([^,]+?)\s*(?:,|$)/y;
  for (let m = element.exec(text); m; m = element.exec(text))
    out.push({ key: (m[1] as string).replace(/^[^"]\S* \. \d+ \. /, withNames), verdict: m[2] as string });
  return out;
}
