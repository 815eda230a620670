import { describe, expect, it } from 'vitest';
import { formatTable } from './table.ts';
import { clean, cut, formatDuration, shellLine, widthOf, wrap } from './text.ts';

describe('formatTable', () => {
  const columns = [{ header: 'NAME', shrink: true }, { header: 'STATE' }, { header: 'N', align: 'right' as const }];

  it('lines columns up, with - for what is empty', () => {
    expect(
      formatTable(
        columns,
        [
          ['default', 'running', '12'],
          ['x', undefined, '3'],
        ],
        100,
      ),
    ).toBe('NAME     STATE     N\ndefault  running  12\nx        -         3\n');
  });

  it('cuts the shrinkable column so that the table fits', () => {
    const table = formatTable(columns, [['a-network-with-a-very-long-name', 'running', '1']], 26);
    expect(table).toBe('NAME            STATE    N\na-network-wit…  running  1\n');
    for (const line of table.trimEnd().split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(26);
  });

  it('cuts nothing where there is no end of room', () => {
    const name = 'x'.repeat(300);
    expect(formatTable(columns, [[name, 'running', '1']], Infinity)).toContain(`${name}  running  1\n`);
  });

  it('shows what would move the cursor', () => {
    expect(formatTable([{ header: 'NAME' }], [['a\u001b[2J\nb']], 80)).toBe('NAME\na\\x1b[2J\\nb\n');
  });

  it('counts wide characters as two columns', () => {
    expect(
      formatTable(
        [{ header: 'A' }, { header: 'B' }],
        [
          ['网络', 'x'],
          ['abcd', 'y'],
        ],
        80,
      ),
    ).toBe('A     B\n网络  x\nabcd  y\n');
  });
});

describe('text', () => {
  it('cuts to a width and says so', () => {
    expect(cut('abcdef', 4)).toBe('abc…');
    expect(cut('abcd', 4)).toBe('abcd');
  });
  it('wraps words', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  });
  it.each([
    [0, '0s'],
    [59, '59s'],
    [60, '1m'],
    [3725, '1h 2m'],
    [86_400 * 3, '3d'],
    [-5, '0s'],
  ])('says %d seconds as %s', (seconds, words) => {
    expect(formatDuration(seconds)).toBe(words);
  });
  it('makes marks that turn the writing direction visible', () => {
    expect(clean('a\u202eb')).toBe('a\\u202eb');
  });
});

it('shellLine quotes what a shell would read otherwise', () => {
  expect(shellLine('virtnet', 'up', 'net.xml', 'my net', "a'b;c", '$x', '', 'a\nb\u001b')).toBe(
    `virtnet up net.xml 'my net' 'a'\\''b;c' '$x' '' $'a\\nb\\x1b'`,
  );
});
