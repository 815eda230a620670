/** How one question to a corpus came out. */
export interface Outcome {
  /** The corpus file or entry. */
  readonly name: string;
  /** `deviation`: differs, and a rule of the list of deviations says why. */
  readonly result: 'agrees' | 'differs' | 'deviation';
  /** What was expected and what came, or the id of the deviation. */
  readonly detail?: string;
}

/** A part of the conformance run: asks its questions of a corpus folder. New parts join by being listed in `main.ts`. */
export interface Section {
  readonly title: string;
  /** Empty when the corpus has nothing of this kind. */
  run(folder: string): Outcome[];
}
