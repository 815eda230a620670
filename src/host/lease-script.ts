import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VirtnetError } from '../base/errors.ts';

/**
 * The absolute path of the dhcp-script, libexec/virtnet-lease of this package: found upward from this file, wherever the build has put it.
 * It is not copied to the run folder, because /run is often mounted noexec.
 * @throws VirtnetError VNH002 where the package is incomplete, or where the path has characters that dnsmasq's shell would read otherwise
 * (dnsmasq runs `SCRIPT init` by popen(3)).
 */
export function leaseScriptPath(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'libexec', 'virtnet-lease');
    if (existsSync(path)) {
      if (/^[\w./+@%:,~-]+$/.test(path)) return path;
      throw new VirtnetError({
        code: 'VNH002',
        message: `dnsmasq cannot be told the path '${path}' of its lease script`,
        hint: 'install virtnet in a folder whose path has no blanks or quotation marks',
        details: { path },
      });
    }
    if (folder === dirname(folder)) {
      throw new VirtnetError({
        code: 'VNH002',
        message: `libexec/virtnet-lease is not beside virtnet (looked upward from '${from}')`,
        hint: 'install the package anew',
      });
    }
  }
}
