import { clean, cut, pad, widthOf } from './text.ts';

export interface Column {
  readonly header: string;
  readonly align?: 'left' | 'right';
  /** May be cut when the table is too wide; the widest of these gives first. */
  readonly shrink?: boolean;
  /** Colours a finished cell. */
  readonly paint?: (cell: string, value: string) => string;
}

const GAP = '  ';
const NARROWEST = 6;

/**
 * A table without lines: header in capitals, columns two spaces apart, `-` for what is empty. It is at most `width` columns wide as
 * long as its shrinkable columns can give.
 */
export function formatTable(columns: readonly Column[], rows: readonly (readonly (string | undefined)[])[], width: number): string {
  const cells = rows.map((row) => columns.map((_, i) => clean(row[i] ?? '') || '-'));
  const widths = columns.map((c, i) => Math.max(widthOf(c.header), ...cells.map((row) => widthOf(row[i] ?? ''))));
  fit(columns, widths, width);
  const line = (row: readonly string[], painted: boolean): string =>
    columns
      .map((column, i) => {
        const value = row[i] ?? '';
        const cell = pad(cut(value, widths[i] ?? 0), widths[i] ?? 0, column.align === 'right' ? 'right' : 'left');
        return painted && column.paint ? column.paint(cell, value) : cell;
      })
      .join(GAP)
      .trimEnd();
  const lines = [
    line(
      columns.map((c) => c.header),
      false,
    ),
    ...cells.map((row) => line(row, true)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Takes columns from the widest shrinkable cells until the table fits. */
function fit(columns: readonly Column[], widths: number[], width: number): void {
  let excess = widths.reduce((sum, w) => sum + w, 0) + GAP.length * (columns.length - 1) - width;
  while (excess > 0) {
    let widest = -1;
    for (const [i, column] of columns.entries()) {
      const w = widths[i] ?? 0;
      if (column.shrink === true && w > Math.max(NARROWEST, widest < 0 ? 0 : (widths[widest] ?? 0))) widest = i;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
}
