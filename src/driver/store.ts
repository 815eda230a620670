import { basename, dirname } from 'node:path';
import type { Diagnostic, Result } from '../base/diagnostic.ts';
import { hasErrors } from '../base/diagnostic.ts';
import { VirtnetError, isVirtnetError } from '../base/errors.ts';
import type { PortRecord } from '../compile/port.ts';
import type { Network } from '../network/network.ts';
import { definitionFile } from './file-name.ts';
import type { FileChange } from './files.ts';
import { changeFiles, fileErrorWords, sweepTemps } from './files.ts';
import { Folder, readText } from './folder.ts';
import type { Layout, StoreFolders } from './layout.ts';
import { layoutOf } from './layout.ts';
import { portFromText, portToText } from './port-file.ts';
import type { DriverState, NetworkRecord } from './state.ts';
import { emptyState } from './state.ts';

/** How documents become text and back; the store knows nothing of XML. */
export interface DocumentCodec {
  readonly read: (text: string, source: string) => Result<Network>;
  readonly write: (network: Network) => string;
}

export interface StoreOptions extends StoreFolders {
  readonly codec: DocumentCodec;
  /** This boot of the machine; running networks of another boot are forgotten. */
  readonly bootId: string;
  /** Called before each operation on the file system; a test throws here to play a crash. */
  readonly onOperation?: ((operation: string) => void) | undefined;
}

/** Which of this process's stores wrote last, by folder of the ports. */
const lastWriters = new Map<string, Store>();

/** A file's content, or why it cannot be used. */
type Loaded<T> = { readonly value: T } | { readonly problem: Diagnostic };

/**
 * The desired state on disk: definitions and autostart links in the configuration folder, running documents and ports in the run folder,
 * one file each. Any number of processes may read; who writes holds the host's lock.
 */
export class Store {
  readonly #layout: Layout;
  readonly #options: StoreOptions;
  readonly #definitions: Folder<Loaded<Network>>;
  readonly #autostart: Folder<true>;
  readonly #live: Folder<Loaded<Network>>;
  readonly #ports: Folder<Loaded<PortRecord>>;
  #state: DriverState = emptyState;
  #parts: readonly unknown[] = [];
  #bootChecked = false;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#layout = layoutOf(options);
    const document = (_file: string, path: string): Loaded<Network> => loadDocument(path, options.codec);
    this.#definitions = new Folder(this.#layout.definitions, isDocument, document);
    this.#autostart = new Folder(this.#layout.autostart, isDocument, () => true);
    this.#live = new Folder(this.#layout.live, isDocument, document);
    this.#ports = new Folder(
      this.#layout.ports,
      (file) => !file.startsWith('.') && file.endsWith('.json'),
      (_file, path) => loadPort(path),
    );
  }

  /** The state as the files have it now. The same value as before when nothing changed. */
  read(): DriverState {
    for (const folder of this.#ofThisBoot() ? this.#folders() : [this.#definitions, this.#autostart]) folder.read();
    return this.#assembled();
  }

  /** The state for a look at one network: cheap when no file came or went. An edit in place by hand is seen by the next `read`. */
  glance(): DriverState {
    return this.#isLoaded() && this.#folders().every((f) => f.isCurrent()) ? this.#assembled() : this.read();
  }

  /**
   * The state for the holder of the lock, when nobody else has held it since this process did: as this process read and left the files,
   * without a look at each. A network's thousand ports are a thousand files.
   */
  held(): DriverState {
    const isOurs = lastWriters.get(this.#ports.path) === this;
    return isOurs && this.#isLoaded() && this.#folders().every((f) => f.isUntouched()) ? this.#assembled() : this.read();
  }

  #folders(): readonly Folder<unknown>[] {
    return [this.#definitions, this.#autostart, this.#live, this.#ports];
  }

  #isLoaded(): boolean {
    return this.#parts.length > 0 && this.#bootChecked;
  }

  #assembled(): DriverState {
    const [definitions, autostart] = [this.#definitions.entries, this.#autostart.entries];
    const [live, ports] = this.#ofThisBoot() ? [this.#live.entries, this.#ports.entries] : [NO_FILES, NO_FILES];
    const parts = [definitions, autostart, live, ports];
    if (parts.some((part, i) => part !== this.#parts[i])) {
      this.#state = assemble(definitions, autostart, live, ports);
      this.#parts = parts;
    }
    return this.#state;
  }

  /**
   * Makes the files say `to` where they say `from`. The caller holds the lock.
   * @throws VirtnetError VND009 when the disk refuses; the files then say `from` again as far as the disk lets them.
   */
  async commit(from: DriverState, to: DriverState): Promise<void> {
    const changes = this.#changes(from, to);
    try {
      await this.#prepareBoot(changes.volatile.length > 0);
      await this.#apply(changes);
    } catch (error) {
      await this.#apply(this.#changes(to, from)).catch(() => undefined); // the first error tells more than this one
      throw notStored(error);
    }
  }

  /** Removes what killed processes left half written. The caller holds the lock. */
  sweep(): void {
    for (const folder of [this.#layout.definitions, this.#layout.autostart, this.#layout.live, this.#layout.ports]) sweepTemps(folder);
  }

  /** Networks (uuids) whose change was interrupted by a kill; their host state may be anything between. */
  pending(): Unsettled {
    const text = this.#ofThisBoot() ? readText(this.#layout.pending) : undefined;
    return text === '' ? 'all' : linesOf(text);
  }

  /** @throws VirtnetError VND009. A full disk is no reason: what takes things away must be possible there. */
  async setPending(networks: Unsettled): Promise<void> {
    try {
      await this.#setList(this.#layout.pending, networks);
    } catch (error) {
      if (networks === 'all' || networks.size === 0 || !isFull(error)) throw notStored(error);
      await this.setPending('all'); // an empty file takes no room
    }
  }

  /** Networks (uuids) that autostart has started since the boot. */
  autostarted(): ReadonlySet<string> {
    return linesOf(this.#ofThisBoot() ? readText(this.#layout.autostarted) : undefined);
  }

  /** @throws VirtnetError VND009. */
  async setAutostarted(networks: Iterable<string>): Promise<void> {
    try {
      await this.#setList(this.#layout.autostarted, new Set(networks));
    } catch (error) {
      throw notStored(error);
    }
  }

  /** A list that says `all` is an empty file, and one that says nothing is none. */
  async #setList(path: string, networks: Unsettled): Promise<void> {
    await this.#prepareBoot(true);
    const text = networks === 'all' ? '' : [...networks].map((uuid) => `${uuid}\n`).join('');
    const isNone = networks !== 'all' && networks.size === 0;
    await this.#change([isNone ? { op: 'remove', path } : { op: 'write', path, text }], false);
  }

  #ofThisBoot(): boolean {
    this.#bootChecked ||= readText(this.#layout.boot)?.trim() === this.#options.bootId;
    return this.#bootChecked;
  }

  /** Before the first write after a boot: what the run folder holds belongs to networks that died with the machine. */
  async #prepareBoot(needed: boolean): Promise<void> {
    if (!needed || readText(this.#layout.boot)?.trim() === this.#options.bootId) return;
    const stale = [this.#live, this.#ports].flatMap((f) => [...f.read().keys()].map((file) => `${f.path}/${file}`));
    await this.#change(
      [
        ...[...stale, this.#layout.pending, this.#layout.autostarted].map((path): FileChange => ({ op: 'remove', path })),
        { op: 'write', path: this.#layout.boot, text: `${this.#options.bootId}\n` },
      ],
      false,
    );
  }

  async #apply(changes: Changes): Promise<void> {
    if (changes.durable.length > 0) await this.#change(changes.durable, true);
    if (changes.volatile.length > 0) await this.#change(changes.volatile, false);
  }

  async #change(changes: readonly FileChange[], durable: boolean): Promise<void> {
    lastWriters.set(this.#ports.path, this);
    await changeFiles(changes, { durable, onOperation: this.#options.onOperation });
    for (const folder of this.#folders()) {
      const files = changes.flatMap(({ path }) => (dirname(path) === folder.path ? [basename(path)] : []));
      if (files.length > 0) folder.refresh(files);
    }
  }

  #changes(from: DriverState, to: DriverState): Changes {
    const durable: FileChange[] = [];
    const volatile: FileChange[] = [];
    for (const uuid of new Set([...from.networks.keys(), ...to.networks.keys()])) {
      const before = from.networks.get(uuid);
      const after = to.networks.get(uuid);
      if (before === after) continue;
      durable.push(...this.#configChanges(before, after));
      volatile.push(...this.#liveChanges(uuid, before, after), ...this.#portChanges(uuid, before, after));
    }
    return { durable, volatile };
  }

  #configChanges(before: NetworkRecord | undefined, after: NetworkRecord | undefined): FileChange[] {
    const changes: FileChange[] = [];
    const name = (after ?? before)?.name ?? '';
    if (before?.config !== after?.config) changes.push(this.#document(this.#layout.definition(name), after?.config));
    if ((before?.autostart ?? false) !== (after?.autostart ?? false)) {
      const path = this.#layout.autostartLink(name);
      // The link goes before its target does, and comes after it.
      if (after?.autostart === true) changes.push({ op: 'link', path, target: `../${definitionFile(name)}` });
      else changes.unshift({ op: 'remove', path });
    }
    return changes;
  }

  #liveChanges(uuid: string, before: NetworkRecord | undefined, after: NetworkRecord | undefined): FileChange[] {
    return before?.live === after?.live ? [] : [this.#document(this.#layout.liveDocument(uuid), after?.live)];
  }

  #portChanges(uuid: string, before: NetworkRecord | undefined, after: NetworkRecord | undefined): FileChange[] {
    const old = before?.ports ?? new Map<string, PortRecord>();
    const now = after?.ports ?? new Map<string, PortRecord>();
    const removed = [...old.keys()].filter((port) => !now.has(port));
    const written = [...now].filter(([port, record]) => old.get(port) !== record);
    return [
      ...removed.map((port): FileChange => ({ op: 'remove', path: this.#layout.port(uuid, port) })),
      ...written.map(([port, record]): FileChange => ({
        op: 'write',
        path: this.#layout.port(uuid, port),
        text: portToText(uuid, record),
      })),
    ];
  }

  #document(path: string, network: Network | undefined): FileChange {
    return network === undefined ? { op: 'remove', path } : { op: 'write', path, text: this.#options.codec.write(network) };
  }
}

/** Networks (uuids) of which nobody knows how far their last change came: `all` when there was no room to note which. */
export type Unsettled = ReadonlySet<string> | 'all';

interface Changes {
  readonly durable: readonly FileChange[];
  readonly volatile: readonly FileChange[];
}

type Files<T> = ReadonlyMap<string, { readonly value: T }>;

const NO_FILES: ReadonlyMap<string, { readonly signature: string; readonly value: never }> = new Map<string, never>();

function linesOf(text: string | undefined): ReadonlySet<string> {
  return new Set((text ?? '').split('\n').filter((line) => line !== ''));
}

/** No block is left for the text of a file, on the disk or of this user's share. */
function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

function notStored(error: unknown): VirtnetError {
  if (isVirtnetError(error)) return error;
  return new VirtnetError({
    code: 'VND009',
    message: `cannot store the change: ${fileErrorWords(error)}`,
    hint: 'make room or make the folder writable; nothing has been changed',
    cause: error,
  });
}

function isDocument(file: string): boolean {
  return !file.startsWith('.') && file.endsWith('.xml');
}

function assemble(
  definitions: Files<Loaded<Network>>,
  autostart: Files<true>,
  live: Files<Loaded<Network>>,
  ports: Files<Loaded<PortRecord>>,
): DriverState {
  const problems: Diagnostic[] = [];
  const records = new Map<string, NetworkRecord>();
  for (const [file, { value }] of definitions) {
    if ('problem' in value) problems.push(value.problem);
    else {
      const problem = misfit(file, value.value, records);
      if (problem !== undefined) problems.push(problem);
      else {
        const uuid = value.value.uuid ?? '';
        records.set(uuid, { uuid, name: value.value.name, config: value.value, autostart: autostart.has(file), ports: new Map() });
      }
    }
  }
  for (const { value } of live.values()) {
    if ('problem' in value) problems.push(value.problem);
    else {
      const uuid = value.value.uuid ?? '';
      const record = records.get(uuid) ?? { uuid, name: value.value.name, autostart: false, ports: new Map<string, PortRecord>() };
      records.set(uuid, { ...record, live: value.value });
    }
  }
  addPorts(records, ports, problems);
  const sorted = [...records.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { networks: new Map(sorted.map((r) => [r.uuid, r])), problems };
}

function addPorts(records: Map<string, NetworkRecord>, ports: Files<Loaded<PortRecord>>, problems: Diagnostic[]): void {
  const byNetwork = new Map<string, Map<string, PortRecord>>();
  for (const [file, { value }] of ports) {
    if ('problem' in value) {
      problems.push(value.problem);
      continue;
    }
    const uuid = file.slice(0, file.indexOf('.'));
    const of = byNetwork.get(uuid) ?? new Map<string, PortRecord>();
    of.set(value.value.port.uuid, value.value);
    byNetwork.set(uuid, of);
  }
  for (const [uuid, of] of byNetwork) {
    const record = records.get(uuid);
    if (record !== undefined) records.set(uuid, { ...record, ports: of });
  }
}

/** A definition that stands in the wrong file, or claims another one's uuid. */
function misfit(file: string, network: Network, records: ReadonlyMap<string, NetworkRecord>): Diagnostic | undefined {
  const say = (message: string, hint: string): Diagnostic => ({ code: 'VND005', severity: 'warning', message, hint, source: file });
  if (definitionFile(network.name) !== file)
    return say(
      `definition file '${file}' holds the network '${network.name}'`,
      `rename the file to '${definitionFile(network.name)}', or the network`,
    );
  if (network.uuid === undefined)
    return say(`definition file '${file}' has no uuid`, 'define the network with `virtnet define`, which chooses one');
  const other = records.get(network.uuid);
  return other === undefined
    ? undefined
    : say(`definition file '${file}' has the uuid ${network.uuid} of the network '${other.name}'`, 'give one of them another uuid');
}

function loadDocument(path: string, codec: DocumentCodec): Loaded<Network> {
  try {
    const result = codec.read(readText(path) ?? '', path);
    if (result.ok && !hasErrors(result.diagnostics)) return { value: result.value };
    const first = result.diagnostics.find((d) => d.severity === 'error');
    return unreadable(path, first?.message ?? 'no network in it', result.diagnostics);
  } catch (error) {
    return unreadable(path, error instanceof Error ? error.message : String(error), []);
  }
}

function loadPort(path: string): Loaded<PortRecord> {
  try {
    return { value: portFromText(readText(path) ?? '') };
  } catch (error) {
    return unreadable(path, error instanceof Error ? error.message : String(error), []);
  }
}

function unreadable(path: string, why: string, causes: readonly Diagnostic[]): { readonly problem: Diagnostic } {
  return {
    problem: {
      code: 'VND005',
      severity: 'warning',
      message: `cannot read '${path}': ${why}`,
      hint: 'mend the file or move it away; it is left alone until then',
      source: path,
      related: causes.map((c) => ({ message: c.message, ...(c.span === undefined ? {} : { span: c.span }) })),
    },
  };
}
