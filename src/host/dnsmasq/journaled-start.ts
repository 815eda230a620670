import { endianness } from 'node:os';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { DnsmasqFiles } from '../../compile/dnsmasq-files.ts';
import type { CommandResult } from '../tools/command.ts';
import { dumpHeader } from '../leases/packet-dump.ts';

export type Argv = readonly [string, ...string[]];

/** DHCPv4 and DHCPv6, of dnsmasq's kinds of packets. A version that knows only dumps of DNS leaves the file empty. */
const DHCP_PACKETS = '0x3000';

/**
 * How long a journal may become, in bytes, where nobody makes it short: 12,000 new DHCPv4 leases. dnsmasq goes on without it then, as it does
 * when the disk is full.
 */
const JOURNAL_LIMIT = 16 * 1024 * 1024;

/** Starts its arguments as a program that may write no file beyond the limit, and is told so by an error. */
const LIMITED = `trap '' XFSZ; ulimit -S -f ${String(JOURNAL_LIMIT / 512)}; exec "$@"`;

/** Lines of a document's own with which dnsmasq may write another file, that has no limit, or another dump. */
const WRITES_FILES = /^\s*(log-facility|dumpfile|conf-file|conf-dir|conf-script)\b/m;

/**
 * Starts dnsmasq with its journal (docs/decisions/0018), or without where there can be none: its version dumps no packets, may not write
 * there, or the document has it write files of its own.
 * @param start starts a program and waits until it says that it serves.
 */
export async function startJournaled(
  argv: Argv,
  conf: string,
  files: DnsmasqFiles,
  start: (argv: Argv) => Promise<CommandResult>,
): Promise<CommandResult> {
  if (WRITES_FILES.test(conf) || !beginJournal(files.journal)) return start(argv);
  const result = await start(['sh', '-c', LIMITED, 'sh', ...argv, `--dumpfile=${files.journal}`, `--dumpmask=${DHCP_PACKETS}`]);
  const isAboutJournal =
    result.code === NOT_FOUND || /bad command line options/.test(result.stderr) || result.stderr.includes(files.journal);
  return result.code !== 0 && isAboutJournal ? start(argv) : result;
}

/** The shell's word for a program that is not there. */
const NOT_FOUND = 127;

/** A journal that dnsmasq can add to; one that could not be folded stays. False where there is no room for it. */
function beginJournal(path: string): boolean {
  const header = dumpHeader(endianness() === 'LE');
  try {
    const isBegun = existsSync(path) && readFileSync(path).subarray(0, MAGIC_BYTES).equals(header.subarray(0, MAGIC_BYTES));
    if (!isBegun) writeFileSync(path, header, { mode: 0o644 });
    return true;
  } catch {
    return false;
  }
}

/** What dnsmasq looks at before it adds to a file. */
const MAGIC_BYTES = 4;
