import type { CodeEntry } from './code-entry.ts';
import { networkCodes } from './codes-network.ts';
import { xmlCodes } from './codes-xml.ts';

/** Codes of findings in documents: `VNX` (XML), `VNM` (network). */
export const documentCodes: Readonly<Record<string, CodeEntry>> = { ...xmlCodes, ...networkCodes };
