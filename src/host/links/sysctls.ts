import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { SysctlResource } from '../../compile/host-state.ts';
import { VirtnetError } from '../../base/errors.ts';
import { eachStep } from '../handler.ts';
import type { DirectHandler } from '../handler.ts';

/** Sysctls that `desired` names. Setting one is a write below /proc/sys; unsetting one is nothing. */
export const sysctls: DirectHandler<'sysctl'> = {
  observe(look, tools) {
    // /proc answers at once: a detour over a thread would cost more than the reading.
    return look.desired('sysctl').flatMap((r): SysctlResource[] => {
      try {
        const text = readFileSync(sysctlFile(r.path, tools.proc), 'utf8');
        // The kernel separates the parts of a value with tabs; they compare as blanks.
        return [{ ...r, value: text.trim().replace(/\s+/g, ' ') }];
      } catch {
        // The device or the module that it belongs to is not there. A kernel without IPv6 does none of what its sysctls forbid.
        return isIpv6(r) && hasNoIpv6(tools.proc) ? [r] : [];
      }
    });
  },

  execute(steps, tools) {
    return eachStep(steps, ({ op, after }) => {
      if (op === 'delete' || !after || (isIpv6(after) && hasNoIpv6(tools.proc))) return;
      try {
        writeFileSync(sysctlFile(after.path, tools.proc), `${after.value}\n`);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        throw new VirtnetError({
          code: code === 'EACCES' || code === 'EPERM' ? 'VNH003' : 'VNH001',
          message: `cannot set the sysctl '${after.path}' to '${after.value}': ${(error as Error).message}`,
          ...(code === 'EROFS' ? { hint: 'make /proc/sys writable (a container may need to be privileged)' } : {}),
          details: { path: after.path, value: after.value },
          cause: error,
        });
      }
    });
  },
};

function isIpv6({ path }: SysctlResource): boolean {
  return path.startsWith('net/ipv6/');
}

/** True where the kernel was started with `ipv6.disable=1`, or has none. */
function hasNoIpv6(proc: string): boolean {
  return !existsSync(`${proc}/sys/net/ipv6`);
}

/** The file of a sysctl. @throws VirtnetError VNH001 for a path that would leave /proc/sys. */
function sysctlFile(path: string, proc: string): string {
  const parts = path.split('/');
  if (parts.some((p) => p === '' || p === '.' || p === '..' || p.includes('\0')))
    throw new VirtnetError({ code: 'VNH001', message: `'${path}' is not the path of a sysctl`, details: { path } });
  return `${proc}/sys/${path}`;
}
