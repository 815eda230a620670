import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrors } from '../base/diagnostic.ts';
import type { Network } from '../network/network.ts';
import { readDocument } from './reader.ts';
import { reading } from './sources.ts';

/** A file of libvirt's folder of definitions. */
export interface LibvirtFile {
  /** Its path. */
  readonly path: string;
  /** As it stands there; empty when the file cannot be read. */
  readonly xml: string;
  /** Absent when it is no network document; `problem` then says why. */
  readonly network?: Network;
  readonly problem?: string;
  /** libvirtd starts it: `autostart/` has a link to it. */
  readonly autostart: boolean;
}

/** Reads `*.xml` of a folder of libvirt's network driver. @throws VirtnetError VNU001 when the folder cannot be read */
export async function readLibvirtFolder(folder: string): Promise<readonly LibvirtFile[]> {
  const files = namesIn(folder).filter((file) => file.endsWith('.xml'));
  return Promise.all(files.sort().map((file) => readFile(folder, file)));
}

function namesIn(folder: string): string[] {
  const hint = "libvirt's own definitions are in /etc/libvirt/qemu/networks; --from names another folder";
  return reading(folder, () => readdirSync(folder), hint);
}

async function readFile(folder: string, file: string): Promise<LibvirtFile> {
  const path = join(folder, file);
  const autostart = isSameFile(join(folder, 'autostart', file), path);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return { path, xml: '', problem: (error as Error).message, autostart };
  }
  const { xml, network, diagnostics } = await readDocument({ name: path, bytes, kind: 'xml' });
  if (network !== undefined && !hasErrors(diagnostics)) return { path, xml, network, autostart };
  const first = diagnostics.find((d) => d.severity === 'error');
  const place = first?.position === undefined ? '' : `line ${String(first.position.line)}: `;
  return { path, xml, problem: `${place}${first?.message ?? 'not a network document'}`, autostart };
}

/** libvirt's links count only when they lead to the definition. */
function isSameFile(link: string, path: string): boolean {
  const [a, b] = [link, path].map((p) => statSync(p, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}
