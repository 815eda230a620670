import type { CodeEntry } from './codes.ts';

/** Codes of findings in documents: `VNX` (XML), `VNM` (network). */
export const documentCodes: Readonly<Record<string, CodeEntry>> = {};
