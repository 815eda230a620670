import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

/** test/kernel-lab with a machine that is a shell script, given by how it behaves when it is started for the first and the second time. */
describe('test/kernel-lab', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-lab-test-'));
  const cache = join(folder, 'virtnet/kernel-lab');
  mkdirSync(join(cache, 'lib/modules/6.1.0-1-amd64'), { recursive: true });
  mkdirSync(join(cache, 'boot'));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(cache, 'boot/vmlinuz-6.1.0-1-amd64'), '');
  const program = (name: string, script: string): void =>
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  for (const name of ['busybox', 'modprobe']) program(name, ':');
  program('cpio', 'cat >/dev/null');
  afterAll(() => rmSync(folder, { recursive: true }));

  const UP = 'echo KERNEL-LAB-UP; echo hello';
  const lab = (first: string, second: string, bootSeconds = 60): { status: number | null; stdout: string; stderr: string } => {
    const again = join(folder, 'again');
    rmSync(again, { force: true });
    program('qemu-system-x86_64', `if [ -e ${again} ]; then ${second}; else : >${again}; ${first}; fi`);
    const env = {
      ...process.env,
      XDG_CACHE_HOME: folder,
      PATH: `${folder}/bin:${process.env['PATH'] ?? ''}`,
      KERNEL_LAB_BOOT_S: String(bootSeconds),
    };
    return spawnSync('sh', ['test/kernel-lab', '--', 'true'], { encoding: 'utf8', env });
  };

  it('gives what the command wrote, and its status', () => {
    expect(lab(`${UP}; echo KERNEL-LAB-EXIT 3`, 'exit 9')).toMatchObject({ status: 3, stdout: 'hello\n', stderr: '' });
  });

  it('starts a machine that does not come up once more', () => {
    const { status, stdout, stderr } = lab('exec sleep 60', `${UP}; echo KERNEL-LAB-EXIT 0`, 1);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'hello\n' });
    expect(stderr).toContain('started once more');
  });

  it('waits for one that is up, however long its command takes', () => {
    expect(lab(`${UP}; sleep 2; echo KERNEL-LAB-EXIT 0`, 'exit 9', 1)).toMatchObject({ status: 0, stdout: 'hello\n', stderr: '' });
  });

  it('tells of a machine that ends without an answer', () => {
    const { status, stderr } = lab('echo no kernel >&2', 'exit 9');
    expect(status).toBe(125);
    expect(stderr).toContain('no kernel');
    expect(stderr).not.toContain('once more');
  });
});
