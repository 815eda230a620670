/** Why a text is not a document: thrown inside `src/xml` only, turned into a diagnostic by `parseXml`. */
export class XmlFault extends Error {
  /** A `VNX` code. */
  readonly code: string;
  /** Offset into the text. */
  readonly offset: number;
  readonly hint: string | undefined;
  /** libxml2's words for the same fault, where they differ from ours; for what network documents hardly have they are the driver's to know. */
  readonly libxml2: string;
  /** Offset at which libxml2 notices the fault: how far it has read. */
  readonly caret: number;

  constructor(
    code: string,
    offset: number,
    message: string,
    options: { readonly hint?: string; readonly libxml2?: string; readonly caret?: number | undefined } = {},
  ) {
    super(message);
    this.code = code;
    this.offset = offset;
    this.hint = options.hint;
    this.libxml2 = options.libxml2 ?? message;
    this.caret = options.caret ?? offset;
  }
}

/** A remark on a document that is well-formed. */
export interface XmlRemark {
  readonly code: string;
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}
