import type { Diagnostic } from '../../base/diagnostic.ts';
import { VirtnetError, isVirtnetError } from '../../base/errors.ts';
import type { PortRecord } from '../../compile/port.ts';
import { systemWords } from '../../host/system/system-words.ts';
import type { Network } from '../../network/network.ts';
import { adopt, assemble, type Loaded } from './assemble.ts';
import { definitionFile } from '../state/file-name.ts';
import type { FileChange } from './files.ts';
import { changeFiles, fileErrorWords, isFull, sweepTemps } from './files.ts';
import { Folder, TICK_MS } from './folder.ts';
import type { Layout, StoreFolders } from './layout.ts';
import { layoutOf } from './layout.ts';
import { isDocument, loadDocument, loadPort, type DocumentCodec } from './load-file.ts';
import { portToText } from './port-file.ts';
import { readText } from './read-file.ts';
import type { NetworkRecord } from '../state/network-record.ts';
import type { DriverState } from '../state/state.ts';
import { changedNetworks, emptyState } from '../state/state.ts';
import { keptByOthers, settleLeft, type KeptByOthers } from './settle-left.ts';
import type { Unsettled } from './unsettled.ts';
import { Unsynced } from './unsynced.ts';

export interface StoreOptions extends StoreFolders {
  readonly codec: DocumentCodec;
  /** This boot of the machine; running networks of another boot are forgotten. */
  readonly bootId: string;
  /** Milliseconds for which this process keeps the host's lock after a change at least. Default 0. */
  readonly keepLockMs?: number | undefined;
  /** Told (VND018) of a file that the disk refuses after it was written; where nobody is, `settled` throws it. */
  readonly onRefused?: ((error: VirtnetError) => void) | undefined;
  /** Told (VND018) of a definition that `sweep` finds not to be what it was changed to. */
  readonly onPutBack?: ((finding: Diagnostic) => void) | undefined;
  /** Called before each operation on the file system; a test throws here to play a crash. */
  readonly onOperation?: ((operation: string) => void) | undefined;
}

/** Which of this process's stores wrote last, by folder of the ports. */
const lastWriters = new Map<string, Store>();

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
  /** The folders whose files outlive a boot, and all. */
  readonly #lastingFolders: readonly Folder<unknown>[];
  readonly #allFolders: readonly Folder<unknown>[];
  /** What is being written, by path: a file that says just that need not be read into another value. */
  readonly #written = new Map<string, Network>();
  /** What nobody was told yet. */
  #refused: VirtnetError | undefined;
  #state: DriverState = emptyState;
  /** What the state was made of, see `#versions`. */
  #madeOf: number | undefined;
  /** What was last read or written of the interrupted changes. */
  #pending: Unsettled | undefined;
  /** What the run folder holds is of this boot, as of the last look. */
  #isOfThisBoot = false;
  readonly #lasting: Unsynced;
  /** What the files of one look say: a network that runs as it is stored has two with the same text, which are one value. */
  #texts: Map<string, Network> | undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#layout = layoutOf(options);
    this.#lasting = new Unsynced({
      configDir: options.configDir,
      bootId: options.bootId,
      onFailure: (path, error) => {
        const refusal = notOnDisk(path, error);
        if (options.onRefused) options.onRefused(refusal);
        else this.#refused = refusal;
      },
      onOperation: options.onOperation,
    });
    const document = (_file: string, path: string, text?: string): Loaded<Network> =>
      loadDocument(path, options.codec, { text, network: this.#written.get(path) }, this.#texts);
    const keepsLock = (options.keepLockMs ?? 0) >= TICK_MS;
    this.#definitions = new Folder(this.#layout.definitions, isDocument, document, keepsLock);
    this.#autostart = new Folder(this.#layout.autostart, isDocument, () => true, keepsLock);
    this.#live = new Folder(this.#layout.live, isDocument, document, keepsLock);
    this.#ports = new Folder(
      this.#layout.ports,
      (file) => !file.startsWith('.') && file.endsWith('.json'),
      (_file, path, text) => loadPort(path, text),
      keepsLock,
    );
    this.#lastingFolders = [this.#definitions, this.#autostart];
    this.#allFolders = [...this.#lastingFolders, this.#live, this.#ports];
  }

  /** The state as the files have it now. The same value as before when nothing changed. */
  read(): DriverState {
    this.#lookAtBoot();
    this.#texts = new Map();
    try {
      for (const folder of this.#folders()) folder.read();
    } finally {
      this.#texts = undefined;
    }
    return this.#assembled();
  }

  /** The state for a look at one network: cheap when no file came or went. An edit in place by hand is seen by the next `read`. */
  glance(): DriverState {
    this.#lookAtBoot();
    return this.#isLoaded() && this.#folders().every((f) => f.isCurrent()) ? this.#assembled() : this.read();
  }

  /**
   * The state for the holder of the lock, when nobody else has held it since this process did: as this process read and left the files,
   * without a look at each. A network's thousand ports are a thousand files.
   * @param of names or uuids of networks that are about to change: an edit of their definitions by hand is not to be lost.
   */
  held(of: readonly string[] = []): DriverState {
    const isKnown = this.#isOurs() && this.#isLoaded() && this.#folders().every((f) => f.isUntouched());
    return isKnown && of.every((word) => this.#isAsRead(word)) ? this.#assembled() : this.read();
  }

  #isAsRead(word: string): boolean {
    return this.#definitions.isAsRead(definitionFile(this.#state.networks.get(word)?.name ?? word));
  }

  /** No other store of this process has written since this one did. */
  #isOurs(): boolean {
    return lastWriters.get(this.#ports.path) === this;
  }

  /** Those whose files count: what the run folder holds from before the boot does not. */
  #folders(): readonly Folder<unknown>[] {
    return this.#isOfThisBoot ? this.#allFolders : this.#lastingFolders;
  }

  #isLoaded(): boolean {
    return this.#madeOf !== undefined;
  }

  #assembled(): DriverState {
    const versions = this.#versions();
    if (this.#madeOf !== versions) {
      const [live, ports] = this.#isOfThisBoot ? [this.#live.entries, this.#ports.entries] : [NO_FILES, NO_FILES];
      this.#state = assemble(this.#definitions.entries, this.#autostart.entries, live, ports);
      this.#madeOf = versions;
    }
    return this.#state;
  }

  /** What the folders hold, as one number that is another one when any of it is. */
  #versions(): number {
    let changes = 0;
    for (const folder of this.#folders()) changes += folder.version;
    return 2 * changes + (this.#isOfThisBoot ? 1 : 0);
  }

  /**
   * Makes the files say `to` where they say `from`, and gives the state that they say then. The caller holds the lock.
   * @throws VirtnetError VND009 when the disk refuses; the files then say `from` again as far as the disk lets them.
   */
  commit(from: DriverState, to: DriverState): DriverState {
    const changed = changedNetworks(from, to);
    const changes = this.#changes(from, to, changed);
    const isBase = from === this.#state && this.#madeOf === this.#versions();
    try {
      if (changes.volatile.length > 0) this.#prepareBoot();
      this.#apply(changes);
    } catch (error) {
      this.#takeBack(this.#changes(to, from, changed));
      throw notStored(error);
    } finally {
      this.#written.clear();
    }
    const adopted = isBase ? adopt(from, to, changed, (record) => this.#asStored(record, from.networks.get(record.uuid))) : undefined;
    if (adopted === undefined) return this.held(); // put together anew
    this.#madeOf = this.#versions();
    return (this.#state = adopted);
  }

  /** A record with what its files say now, where it is not as before; undefined when one of them cannot be used. */
  #asStored(record: NetworkRecord, before: NetworkRecord | undefined): NetworkRecord | undefined {
    const { config, live, ports } = record;
    const stored = config === before?.config ? config : usable(this.#definitions.valueAt(this.#layout.definition(record.name)));
    const running = live === before?.live ? live : usable(this.#live.valueAt(this.#layout.liveDocument(record.uuid)));
    if ((config && !stored) || (live && !running)) return undefined;
    let isSame = stored === config && running === live;
    if (isSame && ports === before?.ports) return record;
    const plugged = new Map(ports);
    for (const [uuid, port] of ports) {
      if (port === before?.ports.get(uuid)) continue;
      const found = usable(this.#ports.valueAt(this.#layout.port(record.uuid, uuid)));
      if (!found) return undefined;
      plugged.set(uuid, found);
      isSame &&= found === port;
    }
    if (isSame) return record;
    return { ...record, ports: plugged, ...(stored && { config: stored }), ...(running && { live: running }) };
  }

  /** Done when all that was committed is on the disk, names too. @throws VirtnetError VND018 when it refused one. */
  async settled(): Promise<void> {
    await this.#lasting.done();
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused) throw refused;
  }

  /** 'left' when a process was killed, or the machine stopped, before changes were on the disk: `sweep` is due before the files are believed. */
  keptByOthers(): KeptByOthers {
    return keptByOthers(this.#options);
  }

  /** Ends what killed processes, or a machine that stopped, left half done. The caller holds the lock. */
  sweep(): void {
    const { configDir, bootId, codec } = this.#options;
    settleLeft({
      configDir,
      definitions: this.#layout.definitions,
      autostart: this.#layout.autostart,
      bootId,
      networkIn: (path, text) => usable(loadDocument(path, codec, { text, network: undefined })),
      onPutBack: (path, is) => this.#options.onPutBack?.(putBack(path, is)),
    });
    for (const folder of [this.#layout.definitions, this.#layout.autostart, this.#layout.live, this.#layout.ports]) sweepTemps(folder);
  }

  /** Networks (uuids) whose change was interrupted by a kill; their host state may be anything between. */
  pending(): Unsettled {
    const text = this.#lookAtBoot() ? readText(this.#layout.pending) : undefined;
    return (this.#pending = text === '' ? 'all' : linesOf(text));
  }

  /** The same for the holder of the lock, when nobody else has held it since this process did: without a look. */
  heldPending(): Unsettled {
    return this.#isOurs() ? (this.#pending ?? this.pending()) : this.pending();
  }

  /** @throws VirtnetError VND009. A full disk is no reason: what takes things away must be possible there. */
  setPending(networks: Unsettled): void {
    this.#pending = undefined; // until the file says so
    try {
      this.#setList(this.#layout.pending, networks);
      this.#pending = networks;
    } catch (error) {
      if (networks === 'all' || networks.size === 0 || !isFull(error)) throw notStored(error);
      this.setPending('all'); // an empty file takes no room
    }
  }

  /** Networks (uuids) that autostart could not start at this boot and tries again; undefined before the boot's autostart. */
  autostartOwed(): ReadonlySet<string> | undefined {
    const text = this.#lookAtBoot() ? readText(this.#layout.autostartOwed) : undefined;
    return text === undefined ? undefined : linesOf(text);
  }

  /** The boot's autostart has been made, but for these networks. @throws VirtnetError VND009. */
  setAutostartOwed(networks: ReadonlySet<string>): void {
    try {
      this.#prepareBoot();
      this.#change([{ op: 'write', path: this.#layout.autostartOwed, text: linesFrom(networks) }], false);
    } catch (error) {
      throw notStored(error);
    }
  }

  /** A list that says `all` is an empty file, and one that says nothing is none. */
  #setList(path: string, networks: Unsettled): void {
    this.#prepareBoot();
    const text = networks === 'all' ? '' : linesFrom(networks);
    const isNone = networks !== 'all' && networks.size === 0;
    this.#change([isNone ? { op: 'remove', path } : { op: 'write', path, text }], false);
  }

  #lookAtBoot(): boolean {
    this.#isOfThisBoot ||= readText(this.#layout.boot)?.trim() === this.#options.bootId;
    return this.#isOfThisBoot;
  }

  /** Before the first write after a boot: what the run folder holds belongs to networks that died with the machine. */
  #prepareBoot(): void {
    if (readText(this.#layout.boot)?.trim() === this.#options.bootId) return;
    const stale = [this.#live, this.#ports].flatMap((f) => [...f.read().keys()].map((file) => `${f.path}/${file}`));
    this.#change(
      [
        ...[...stale, this.#layout.pending, this.#layout.autostartOwed].map((path): FileChange => ({ op: 'remove', path })),
        { op: 'write', path: this.#layout.boot, text: `${this.#options.bootId}\n` },
      ],
      false,
    );
    this.#isOfThisBoot = true;
  }

  #apply(changes: Changes): void {
    if (changes.durable.length > 0) this.#change(changes.durable, true);
    if (changes.volatile.length > 0) this.#change(changes.volatile, false);
  }

  /** As far as the disk lets it; the error that led here tells more than another one. */
  #takeBack(changes: Changes): void {
    try {
      this.#apply(changes);
    } catch {
      return;
    }
  }

  #change(changes: readonly FileChange[], durable: boolean): void {
    lastWriters.set(this.#ports.path, this);
    changeFiles(changes, { names: durable ? this.#lasting : undefined, onOperation: this.#options.onOperation });
    for (const folder of this.#folders()) folder.refresh(folder.readWritten(changes));
  }

  #changes(from: DriverState, to: DriverState, changed: readonly string[]): Changes {
    const durable: FileChange[] = [];
    const volatile: FileChange[] = [];
    for (const uuid of changed) {
      const before = from.networks.get(uuid);
      const after = to.networks.get(uuid);
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
    const old = before?.ports ?? NO_PORTS;
    const now = after?.ports ?? NO_PORTS;
    if (old === now || old.size + now.size === 0) return [];
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
    if (network === undefined) return { op: 'remove', path };
    this.#written.set(path, network);
    return { op: 'write', path, text: this.#options.codec.write(network) };
  }
}

function usable<T>(loaded: Loaded<T> | undefined): T | undefined {
  return loaded !== undefined && 'value' in loaded ? loaded.value : undefined;
}

interface Changes {
  readonly durable: readonly FileChange[];
  readonly volatile: readonly FileChange[];
}

const NO_PORTS: NetworkRecord['ports'] = new Map();
const NO_FILES: ReadonlyMap<string, { readonly signature: string; readonly value: never }> = new Map<string, never>();

function linesFrom(words: ReadonlySet<string>): string {
  return [...words].map((word) => `${word}\n`).join('');
}

function linesOf(text: string | undefined): ReadonlySet<string> {
  return new Set((text ?? '').split('\n').filter((line) => line !== ''));
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

function notOnDisk(path: string, error: unknown): VirtnetError {
  return new VirtnetError({
    code: 'VND018',
    message: `the disk did not take '${path}': ${systemWords(error)}`,
    hint: 'the change is lost when this machine stops: look after the disk, then make it again',
    cause: error,
  });
}

function putBack(path: string, is: 'as before' | 'gone'): Diagnostic {
  const what =
    is === 'gone' ? 'is gone: the disk does not have it' : 'is as it was before its last change: the disk does not have that one';
  return {
    code: 'VND018',
    severity: 'warning',
    message: `'${path}' ${what}`,
    hint: 'the machine stopped before it was written, or the disk failed: make the change again',
  };
}
