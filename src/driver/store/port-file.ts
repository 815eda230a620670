import { sortedJson } from '../../base/sorted-json.ts';
import type { PortRecord } from '../../compile/port.ts';

/** Counts up when the shape of the file changes in a way that an older reader cannot use. */
const VERSION = 1;

/** The text of a port's file: one JSON object. */
export function portToText(network: string, record: PortRecord): string {
  return `${sortedJson({ version: VERSION, network, ...record })}\n`;
}

/**
 * Reads a port's file.
 * @throws Error in words for a person when it is not one of ours.
 */
export function portFromText(text: string): PortRecord {
  const value: unknown = JSON.parse(text);
  if (!isObject(value) || value['version'] !== VERSION) throw new Error('not a port file of this version');
  const { version: _version, network: _network, ...record } = value;
  if (!isRecord(record)) throw new Error('a port file without port, owner, mac or attachment');
  return record;
}

function isRecord(value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, unknown>> & PortRecord {
  const { port, attachment } = value;
  return (
    isObject(port) &&
    typeof port['uuid'] === 'string' &&
    typeof port['mac'] === 'string' &&
    isObject(port['owner']) &&
    isObject(attachment) &&
    typeof attachment['type'] === 'string'
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
