import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VirtnetError } from '../../base/errors.ts';
import type { HostPaths } from '../../compile/facts.ts';
import { sha256 } from './dnsmasq-process.ts';

/**
 * The absolute path of the dhcp-script, libexec/virtnet-lease of this package: found upward from this file, wherever the build has put it.
 * It is not copied to the run folder, because /run is often mounted noexec.
 * @throws VirtnetError VNH002 where the package is incomplete.
 */
export function leaseScriptPath(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'libexec', 'virtnet-lease');
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) {
      throw new VirtnetError({
        code: 'VNH002',
        message: `libexec/virtnet-lease is not beside virtnet (looked upward from '${from}')`,
        hint: 'install the package anew',
      });
    }
  }
}

/**
 * The path by which dnsmasq is told of the script: its own, or a link's in the run folder. dnsmasq takes the path as it is for execve(2), and as a
 * shell's words for popen(3) (`SCRIPT init`), so that there is no way to quote one that a shell reads otherwise.
 * @throws VirtnetError VNH002 where the path of the link is such a one too.
 */
export function toldLeaseScript(runDir: string, script: string = leaseScriptPath()): string {
  if (isOneWord(script)) return script;
  const link = linkTo(script, runDir);
  if (isOneWord(link)) return link;
  throw new VirtnetError({
    code: 'VNH002',
    message: `dnsmasq cannot be told the path '${script}' of its lease script`,
    hint: 'install virtnet in a folder whose path has no blanks or quotation marks, or name such a one in VIRTNET_RUN_DIR',
    details: { path: script },
  });
}

/** Makes the link where dnsmasq is told of one. The run folder is there. */
export function linkLeaseScript({ runDir, leaseScript }: HostPaths, script: string = leaseScriptPath()): void {
  if (leaseScript !== linkTo(script, runDir) || existsSync(leaseScript)) return;
  rmSync(leaseScript, { force: true });
  symlinkSync(script, leaseScript);
}

/** Each script has a link of its own: dnsmasq's conf then says when it is another one. */
function linkTo(script: string, runDir: string): string {
  return `${runDir}/virtnet-lease-${sha256(script).slice(0, 8)}`;
}

function isOneWord(path: string): boolean {
  return /^[\w./+@%:,~-]+$/.test(path);
}
