import type { Position, Span } from './diagnostic.ts';

/** Finds lines and columns in a source text. Lines end at LF (CR LF counts once; a lone CR does not end a line, as in libxml2). */
export interface LineIndex {
  /** Line and column of a 0-based offset (UTF-16 code units); offsets beyond the end give the end. */
  positionOf(offset: number): Position;
  /** The text of a line (1-based) without its line end; empty beyond the end. */
  lineText(line: number): string;
}

/** Builds the index lazily: nothing is scanned until the first question. */
export function lineIndex(text: string): LineIndex {
  let starts: number[] | undefined;
  const lineStarts = (): number[] => {
    if (starts) return starts;
    starts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    return starts;
  };
  return {
    positionOf(offset) {
      const all = lineStarts();
      const at = Math.max(0, Math.min(offset, text.length));
      let low = 0;
      let high = all.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((all[middle] ?? 0) <= at) low = middle;
        else high = middle - 1;
      }
      return { line: low + 1, column: at - (all[low] ?? 0) + 1 };
    },
    lineText(line) {
      const all = lineStarts();
      const start = all[line - 1];
      if (start === undefined) return '';
      const end = all[line];
      return text.slice(start, end === undefined ? text.length : end - 1).replace(/\r$/, '');
    },
  };
}

/** A range of a source text with its place for people. */
export interface Located {
  readonly span: Span;
  readonly position: Position;
}

/** The span and its line and column. */
export function locate(index: LineIndex, span: Span): Located {
  return { span, position: index.positionOf(span.start) };
}
