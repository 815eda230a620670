/** A page in the macros of man(7). Text is given plain: nothing in it is read as a request or an escape. */
export interface ManPage {
  readonly name: string;
  readonly section: number;
  /** What comes behind the dash of the NAME line: a phrase, no full stop. */
  readonly summary: string;
  readonly sections: readonly ManSection[];
}

export interface ManSection {
  readonly title: string;
  readonly parts: readonly ManPart[];
}

/** A paragraph, lines as they are, terms with what they mean, or a heading below the section's. */
export type ManPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'code'; readonly lines: readonly string[] }
  | { readonly kind: 'terms'; readonly rows: readonly (readonly [term: string, meaning: string])[] }
  | { readonly kind: 'heading'; readonly text: string };

/** The page's source, without a date: it is the same for the same tables. */
export function manSource(page: ManPage): string {
  const title = `.TH ${page.name.toUpperCase()} ${page.section} "" virtnet "virtnet manual"`;
  const head = [
    '.\\" Made from the tables of options: npm run docs',
    title,
    '.SH NAME',
    `${escape(page.name)} \\- ${escape(page.summary)}`,
  ];
  const body = page.sections.flatMap(({ title: t, parts }) => [
    `.SH ${quoted(t.toUpperCase())}`,
    ...parts.flatMap((part, i) => lines(part, i > 0)),
  ]);
  return `${[...head, ...body].join('\n')}\n`;
}

function lines(part: ManPart, follows: boolean): readonly string[] {
  switch (part.kind) {
    case 'text':
      return [...(follows ? ['.PP'] : []), line(part.text)];
    case 'code':
      return ['.PP', '.RS 4', '.nf', ...part.lines.map(line), '.fi', '.RE'];
    case 'terms':
      return part.rows.flatMap(([term, meaning]) => ['.TP', `.B ${quoted(term)}`, line(meaning)]);
    case 'heading':
      return [`.SS ${quoted(part.text)}`];
  }
}

/** Text inside a line. */
function escape(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
}

/** A whole line of text: a dot or an apostrophe in front would make it a request. */
function line(text: string): string {
  const escaped = escape(text.replace(/\s+/g, ' '));
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

/** One argument of a macro. */
function quoted(text: string): string {
  return `"${escape(text).replaceAll('"', '\\(dq')}"`;
}
