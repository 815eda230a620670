import { readFileSync, writeFileSync } from 'node:fs';
import type { SysctlResource } from '../compile/host-state.ts';
import { VirtnetError } from '../base/errors.ts';
import { eachStep } from './handler.ts';
import type { DirectHandler } from './handler.ts';

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
        return []; // the device or the module that it belongs to is not there
      }
    });
  },

  execute(steps, tools) {
    return eachStep(steps, ({ op, after }) => {
      if (op === 'delete' || !after) return;
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

/** The file of a sysctl. @throws VirtnetError VNH001 for a path that would leave /proc/sys. */
export function sysctlFile(path: string, proc: string): string {
  const parts = path.split('/');
  if (parts.some((p) => p === '' || p === '.' || p === '..' || p.includes('\0')))
    throw new VirtnetError({ code: 'VNH001', message: `'${path}' is not the path of a sysctl`, details: { path } });
  return `${proc}/sys/${path}`;
}
