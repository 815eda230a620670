import { commandError, tryRun } from './command.ts';

/** A service on the system bus: its name, object and interface. */
export interface BusObject {
  readonly service: string;
  readonly path: string;
  readonly interface: string;
}

/**
 * Calls a method by busctl(1) and gives the values of its answer; undefined when the service says an error that `absent` knows.
 * @param args the signature and the values, as busctl takes them.
 * @throws VirtnetError VNH001 with the service's words, VNH002 where busctl is not installed.
 */
export async function busCall(
  object: BusObject,
  method: string,
  args: readonly string[],
  absent?: RegExp,
): Promise<readonly unknown[] | undefined> {
  const result = await tryRun([
    'busctl',
    '--json=short',
    '--timeout=5',
    'call',
    '--',
    object.service,
    object.path,
    object.interface,
    method,
    ...args,
  ]);
  if (result.code === 0) return answer(result.stdout);
  if (absent?.test(result.stderr) === true) return undefined;
  throw commandError(result);
}

/** The value of a property. */
export async function busProperty(object: BusObject, name: string): Promise<unknown> {
  const result = await tryRun([
    'busctl',
    '--json=short',
    '--timeout=5',
    'get-property',
    '--',
    object.service,
    object.path,
    object.interface,
    name,
  ]);
  if (result.code !== 0) throw commandError(result);
  return (JSON.parse(result.stdout) as { readonly data?: unknown }).data;
}

function answer(text: string): readonly unknown[] {
  if (text.trim() === '') return [];
  const { data } = JSON.parse(text) as { readonly data?: unknown };
  return Array.isArray(data) ? (data as readonly unknown[]) : [];
}
