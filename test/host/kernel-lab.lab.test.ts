// last: the lab itself; the tests in it show that it works
// lab: --igb 1
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const run = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: 'utf8' });

/** The promise of test/kernel-lab that every other *.lab.test.ts leans on. */
describe('the kernel lab', () => {
  test("runs a stock kernel, not this machine's", () => {
    expect(run('uname', '-r').trim()).toMatch(/-amd64$/);
  });

  test('loads the modules that small kernels lack', () => {
    for (const module of ['8021q', 'sch_sfq', 'cls_fw', 'act_police', 'openvswitch']) run('modprobe', module);
    run('ip', 'link', 'add', 'br0', 'type', 'bridge', 'vlan_filtering', '1');
    expect(run('ip', '-details', 'link', 'show', 'br0')).toContain('vlan_filtering 1');
    run('ip', 'link', 'delete', 'br0');
  });

  test('has a card that splits into virtual functions', () => {
    const card = '/sys/bus/pci/drivers/igb';
    const [address] = execFileSync('ls', [card], { encoding: 'utf8' })
      .split('\n')
      .filter((name) => /^[0-9a-f]{4}:/.test(name));
    const functions = `${card}/${address}/sriov_numvfs`;
    writeFileSync(functions, '2');
    expect(readFileSync(functions, 'utf8').trim()).toBe('2');
    writeFileSync(functions, '0'); // this machine is another test's afterwards
  });
});
