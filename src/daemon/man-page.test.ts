import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandPage } from '../cli/man/command-page.ts';
import { manSource } from '../cli/man/roff.ts';
import { verbs } from '../cli/verbs.ts';
import { daemonPage } from './man-page.ts';

const pages = [
  ['packaging/man/virtnet.1', commandPage(verbs)],
  ['packaging/man/virtnetd.8', daemonPage()],
] as const;
const hasGroff = spawnSync('groff', ['--version']).status === 0;

/** No overstriking: text as it is read. */
const PLAIN = ['-Tascii', '-P-c', '-P-b', '-P-u'];

describe.each(pages)('%s', (file, page) => {
  it('is what the tables say', () => {
    if (process.env['UPDATE'] === '1') writeFileSync(file, manSource(page));
    expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(manSource(page));
  });

  it.skipIf(!hasGroff)('is read by groff without a warning', () => {
    const { stdout, stderr, status } = spawnSync('groff', ['-man', '-ww', ...PLAIN, file], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/SEE ALSO/);
  });
});

it.skipIf(!hasGroff)('shows every verb with its options, as they are typed', () => {
  const { stdout } = spawnSync('groff', ['-man', ...PLAIN, 'packaging/man/virtnet.1'], { encoding: 'utf8' });
  for (const verb of verbs) {
    expect(stdout).toContain(`virtnet ${verb.name}`);
    for (const option of verb.options) expect(stdout).toContain(option.flags);
  }
});

it('reads nothing of a text as a request', () => {
  const source = manSource({
    name: 'x',
    section: 1,
    summary: 's',
    sections: [{ title: 'T', parts: [{ kind: 'text', text: '.so /etc/passwd \\fB' }] }],
  });
  expect(source.split('\n').at(-2)).toBe('\\&.so /etc/passwd \\efB');
});
