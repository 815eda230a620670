import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const run = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: 'utf8' });

/** The promise of scripts/isolated.sh that every other test in this folder leans on. */
describe('a host test', () => {
  test('sees no link of the machine, only its own loopback', () => {
    expect(run('ip', '-brief', 'link').trim().split('\n')).toHaveLength(1);
    expect(readdirSync('/sys/class/net')).toEqual(['lo']);
  });

  test('has a working loopback', () => {
    expect(run('ping', '-c1', '-W1', '127.0.0.1')).toContain('1 received');
  });

  test('starts with an empty ruleset and can change it', () => {
    expect(run('nft', 'list', 'ruleset')).toBe('');
    run('nft', 'add', 'table', 'inet', 'probe');
    expect(run('nft', 'list', 'tables').trim()).toBe('table inet probe');
  });

  test('makes network namespaces that end with it', () => {
    expect(run('ip', 'netns', 'list')).toBe('');
    run('ip', 'netns', 'add', 'probe');
    expect(run('ip', 'netns', 'exec', 'probe', 'ip', '-brief', 'link')).toMatch(/^lo /);
  });

  test('is given folders of its own', () => {
    for (const name of ['VIRTNET_CONFIG_DIR', 'VIRTNET_STATE_DIR', 'VIRTNET_RUN_DIR', 'TMPDIR'])
      expect(process.env[name]).toMatch(/^\/run\//);
  });
});
