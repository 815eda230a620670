import type { CodeEntry } from './code-entry.ts';
import { hostCodes } from './codes-host.ts';
import { documentCodes } from './codes-document.ts';
import { driverCodes } from './codes-driver.ts';
import { interfaceCodes } from './codes-interface.ts';
import { updateCodes } from './codes-update.ts';
import { viewCodes } from './codes-view.ts';

/**
 * Every code that a diagnostic or an error can carry. `VNX` XML, `VNM` the network model, `VNE` updates of a section, `VNI` interfaces and
 * ports, `VNF` port forwards, `VNJ` the JSON view, `VNC` compile (this host cannot), `VNP` plan and apply, `VNH` host commands, `VND` driver (state of
 * networks), `VNR` RPC, `VNU` usage.
 * Each area lives in its own table so that a code stands beside nothing else; a retired code is never used again.
 */
export const codes: Readonly<Record<string, CodeEntry>> = {
  ...documentCodes,
  ...updateCodes,
  ...interfaceCodes,
  ...viewCodes,
  ...hostCodes,
  ...driverCodes,
};
