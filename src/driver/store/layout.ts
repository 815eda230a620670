import { join } from 'node:path';
import { definitionFile } from '../state/file-name.ts';

/** Where the driver keeps what. All paths are absolute. */
export interface StoreFolders {
  /** Definitions: survives everything. Default /etc/virtnet. */
  readonly configDir: string;
  /** Running networks and ports: gone with the next boot. Default /run/virtnet. */
  readonly runDir: string;
}

/** The files of a store. */
export interface Layout {
  readonly definitions: string;
  readonly autostart: string;
  readonly live: string;
  readonly ports: string;
  /** Names the boot that the files of `runDir` belong to. */
  readonly boot: string;
  /** Networks (uuids) that were started by autostart since the boot. */
  readonly autostartOwed: string;
  /** What is being changed right now; found by the next run when this one is killed. */
  readonly pending: string;
  definition(name: string): string;
  autostartLink(name: string): string;
  liveDocument(uuid: string): string;
  port(network: string, port: string): string;
}

export function layoutOf(folders: StoreFolders): Layout {
  const definitions = join(folders.configDir, 'networks');
  const autostart = join(definitions, 'autostart');
  const live = join(folders.runDir, 'networks');
  const ports = join(folders.runDir, 'ports');
  return {
    definitions,
    autostart,
    live,
    ports,
    boot: join(folders.runDir, 'boot'),
    autostartOwed: join(folders.runDir, 'autostart-owed'),
    pending: join(folders.runDir, 'pending'),
    definition: (name) => `${definitions}/${definitionFile(name)}`,
    autostartLink: (name) => `${autostart}/${definitionFile(name)}`,
    liveDocument: (uuid) => `${live}/${uuid}.xml`,
    port: (network, port) => `${ports}/${network}.${port}.json`,
  };
}
