import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { formatDiagnostic, formatDiagnostics, formatTotals, placeOf } from './diagnostics.ts';
import { styleFor } from './style.ts';

const plain = styleFor(false, {});
const source = {
  name: 'net.xml',
  text: "<network>\n  <name>a</name>\n\t<ip address='10.0.0.1' netmask='255.255.0.255'/>\n</network>\n",
};
const start = source.text.indexOf('255.255');
const finding: Diagnostic = {
  code: 'VNM031',
  severity: 'error',
  message: "netmask '255.255.0.255' has holes",
  span: { start, end: start + '255.255.0.255'.length },
  found: '255.255.0.255',
  allowed: 'ones before zeros',
  hint: "write it as prefix='24'",
};

describe('formatDiagnostic', () => {
  it('shows place, source line, carets and hint as a compiler does', () => {
    expect(formatDiagnostic(finding, source, plain, 100)).toBe(
      [
        "net.xml:3:34: error: netmask '255.255.0.255' has holes [VNM031]",
        "    3 |     <ip address='10.0.0.1' netmask='255.255.0.255'/>",
        '      |                                     ^^^^^^^^^^^^^',
        '      allowed: ones before zeros',
        "      hint: write it as prefix='24'",
        '',
      ].join('\n'),
    );
  });

  it('shows a window of a long line around the span', () => {
    const text = `<a x='${'y'.repeat(300)}' bad='1' z='${'w'.repeat(300)}'/>`;
    const at = text.indexOf('bad');
    const shown = formatDiagnostic(
      { code: 'VNM003', severity: 'warning', message: 'm', span: { start: at, end: at + 3 } },
      { name: 'f', text },
      plain,
      80,
    );
    const [, line = '', carets = ''] = shown.split('\n');
    expect(line.length).toBeLessThanOrEqual(80);
    expect(line.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('bad');
  });

  it('marks an empty span with one caret, and the first line of a long one', () => {
    const at = source.text.indexOf('</network>');
    expect(
      formatDiagnostic({ code: 'VNX001', severity: 'error', message: 'm', span: { start: at, end: at } }, source, plain, 80),
    ).toContain('    4 | </network>\n      | ^\n');
    expect(formatDiagnostic({ code: 'VNX001', severity: 'error', message: 'm', span: { start: 0, end: 40 } }, source, plain, 80)).toContain(
      '    1 | <network>\n      | ^^^^^^^^^\n',
    );
  });

  it('does with a position alone, and with nothing', () => {
    expect(
      formatDiagnostic({ code: 'VNX001', severity: 'error', message: 'm', position: { line: 2, column: 3 } }, source, plain, 80),
    ).toContain('net.xml:2:3: error: m [VNX001]\n    2 |   <name>a</name>\n      |   ^\n');
    expect(formatDiagnostic({ code: 'VNC001', severity: 'warning', message: 'm' }, undefined, plain, 80)).toBe('warning: m [VNC001]\n');
  });

  it('lets nothing from the document reach the terminal', () => {
    const text = "<a b='\u001b[31mx'/>";
    const shown = formatDiagnostic(
      { code: 'VNX012', severity: 'error', message: 'bad \u001b[0m', span: { start: 6, end: 11 } },
      { name: 'f', text },
      plain,
      80,
    );
    expect(shown).not.toContain('\u001b');
    expect(shown).toContain('      |       ^^^^^^^^\n');
  });
});

describe('formatDiagnostics', () => {
  const warning: Diagnostic = { code: 'VNM002', severity: 'warning', message: 'w' };
  it('shows all of a hundred, in their order', () => {
    const shown = formatDiagnostics([...Array<Diagnostic>(99).fill(warning), finding], source, plain, 100);
    expect(shown.match(/\[VNM002\]/g)).toHaveLength(99);
    expect(shown.endsWith(formatDiagnostic(finding, source, plain, 100))).toBe(true);
  });
  it('shows a hundred of more, errors before all others, and says how many are left', () => {
    const shown = formatDiagnostics([...Array<Diagnostic>(150).fill(warning), finding], source, plain, 100);
    expect(shown.startsWith(formatDiagnostic(finding, source, plain, 100))).toBe(true);
    expect(shown.match(/\[VNM002\]/g)).toHaveLength(99);
    expect(shown.endsWith('51 findings more: --json gives all\n')).toBe(true);
  });
});

describe('formatTotals', () => {
  it('counts', () => {
    expect(formatTotals([finding, finding, { ...finding, severity: 'warning' }])).toBe('2 errors, 1 warning');
    expect(formatTotals([])).toBe('');
  });
});

describe('placeOf', () => {
  it('counts CR LF once', () => {
    expect(placeOf('a\r\nb\nc', 5)).toEqual({ line: 3, column: 1 });
    expect(placeOf('a\r\nb\nc', 3)).toEqual({ line: 2, column: 1 });
  });
});
