import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SysctlResource } from '../../compile/host-state.ts';
import type { HostTools, Look, StepOf } from '../handler.ts';
import { sysctls } from './sysctls.ts';

let proc = '';
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'virtnet-proc-'));
});
afterEach(() => {
  rmSync(proc, { recursive: true });
});

const wanted: SysctlResource = { kind: 'sysctl', path: 'net/ipv6/conf/virbr0/disable_ipv6', value: '1' };
const step = { op: 'create', kind: 'sysctl', key: 'k', after: wanted, changed: [], reason: '', disturbance: 'none' } as StepOf<'sysctl'>;
const tools = (): HostTools => ({ proc }) as HostTools;
const look = { desired: () => [wanted] } as unknown as Look;

it('are as wanted, and nothing is written, where the kernel has no IPv6', async () => {
  mkdirSync(join(proc, 'sys/net/ipv4'), { recursive: true });
  expect(await sysctls.observe(look, tools())).toEqual([wanted]);
  await sysctls.execute([step], tools());
});

it('are missing, and cannot be set, where the device has no IPv6', async () => {
  mkdirSync(join(proc, 'sys/net/ipv6/conf/all'), { recursive: true });
  writeFileSync(join(proc, 'sys/net/ipv6/conf/all/forwarding'), '0\n');
  expect(await sysctls.observe(look, tools())).toEqual([]);
  await expect(sysctls.execute([step], tools())).rejects.toThrow();
});
