import { existsSync } from 'node:fs';
import { connect } from 'node:net';

/** Where Open vSwitch's configuration database listens. */
const SOCKET = '/run/openvswitch/db.sock';
/** A database that says nothing for so long counts as not running. */
const TIMEOUT_MS = 2000;

/** A value as RFC 7047 section 5.1 writes it: an atom, `["set", atoms]`, `["map", pairs]` or `["uuid", text]`. */
type OvsdbValue = string | number | boolean | readonly [string, unknown];

export type OvsdbRow = Readonly<Record<string, OvsdbValue>>;

/** A `select` of RFC 7047 section 5.2.2. */
export interface OvsdbSelect {
  readonly table: 'Bridge' | 'Port' | 'Interface';
  /** Column, function, value. */
  readonly where: readonly (readonly [string, string, unknown])[];
  readonly columns: readonly string[];
}

/**
 * The rows that each selection finds, in one transaction; undefined where no Open vSwitch runs. Asked on its socket: that takes a
 * millisecond where ovs-vsctl takes twenty, and every look at the host asks.
 */
export function ovsdbSelect(selects: readonly OvsdbSelect[]): Promise<readonly (readonly OvsdbRow[])[] | undefined> {
  if (!existsSync(SOCKET)) return Promise.resolve(undefined);
  const request = { method: 'transact', params: ['Open_vSwitch', ...selects.map((s) => ({ op: 'select', ...s }))], id: 0 };
  return new Promise((resolve) => {
    const socket = connect(SOCKET);
    let text = '';
    const end = (rows?: readonly (readonly OvsdbRow[])[]): void => {
      socket.destroy();
      resolve(rows);
    };
    socket.setTimeout(TIMEOUT_MS, end);
    socket.on('error', () => {
      end();
    });
    socket.on('close', () => {
      end();
    });
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const rows = answer(text, selects.length);
      if (rows) end(rows);
    });
    socket.write(JSON.stringify(request));
  });
}

/** The answer once it is whole: messages have no end mark, so it is whole when it parses. */
function answer(text: string, count: number): readonly (readonly OvsdbRow[])[] | undefined {
  if (!text.endsWith('}')) return undefined;
  try {
    const { result } = JSON.parse(text) as { readonly result?: readonly ({ readonly rows?: readonly OvsdbRow[] } | null)[] | null };
    return Array.from({ length: count }, (_, i) => result?.[i]?.rows ?? []);
  } catch {
    return undefined; // more is to come
  }
}

/** True when Open vSwitch's database answers. */
export async function isOvsRunning(): Promise<boolean> {
  return (await ovsdbSelect([])) !== undefined;
}

/** The atoms of a column that holds a set: a set of one is written as the atom alone. */
export function atoms(value: OvsdbValue | undefined): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value[0] === 'set') return value[1] as readonly unknown[];
  return [value];
}

/** The text of a row's uuid, or of a reference to one. */
export function uuidText(value: unknown): string {
  return Array.isArray(value) && value[0] === 'uuid' ? String(value[1]) : '';
}

/** A column of pairs. */
export function pairs(value: OvsdbValue | undefined): ReadonlyMap<string, string> {
  if (!Array.isArray(value) || value[0] !== 'map') return new Map();
  return new Map(value[1] as readonly (readonly [string, string])[]);
}
