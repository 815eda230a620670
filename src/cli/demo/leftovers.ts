import { readFileSync, readdirSync } from 'node:fs';
import { run } from '../../host/tools/command.ts';

/** What a host carries, as far as a network could have changed it: one line of text for each thing. */
export type Footprint = ReadonlySet<string>;

/** Looks at links, addresses, routes, firewall, queueing and processes of this namespace, and at the files below the folders. */
export async function footprint(folders: readonly string[]): Promise<Footprint> {
  const tools: readonly (readonly [string, ...string[]])[] = [
    ['ip', '-brief', 'link'],
    ['ip', '-brief', 'addr'],
    ['ip', 'route', 'show'],
    ['ip', '-6', 'route', 'show'],
    ['nft', '--stateless', 'list', 'ruleset'],
    ['tc', 'qdisc'],
    ['ip', 'netns', 'list'],
  ];
  const texts = await Promise.all(
    tools.map(async (argv) => (await run(argv)).stdout.split('\n').map((line) => `${argv[0]}: ${line.trim()}`)),
  );
  return new Set([...texts.flat().filter((line) => !/: $/.test(line)), ...servers(), ...folders.flatMap(filesBelow)]);
}

/** What is there now and was not before. */
export function leftOver(before: Footprint, after: Footprint): readonly string[] {
  return [...after].filter((line) => !before.has(line));
}

/** dnsmasq processes of this process namespace. */
function servers(): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return command[0]?.endsWith('dnsmasq') === true ? [`process: ${command.join(' ')}`] : [];
      } catch {
        return []; // it ended while we looked
      }
    });
}

/** What virtnet keeps for itself whether networks run or not, and for a tenth of a second until the disk has a change. */
const HOUSEKEEPING = /\/(boot|lock(\.[^/]*)?|virtnet-lease-[^/]*|autostart-owed|\.unsynced-[^/]*\/.*)$/;

/** Files (not folders): an empty folder for the next network is no residue. */
function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => `${entry.parentPath}/${entry.name}`)
      .filter((path) => !HOUSEKEEPING.test(path))
      .map((path) => `file: ${path}`);
  } catch {
    return []; // a folder that nobody has made
  }
}
