import type { Progress } from '../driver/driver.ts';
import type { Io } from './io.ts';
import { nameResource } from './render/plan.ts';
import { cut } from './render/text.ts';

/** Work shorter than this shows no progress line. */
const PATIENCE_MS = 150;

/** A progress line on stderr that rewrites itself, on a terminal only. `end` wipes it. */
export function progressLine(io: Io, names?: ReadonlyMap<string, string>): { readonly onProgress: Progress; readonly end: () => void } {
  const began = Date.now();
  let shown = false;
  return {
    onProgress: ({ step, of, key, done }) => {
      if (!io.live || done || Date.now() - began < PATIENCE_MS) return;
      shown = true;
      io.err(`\r\u001b[K${cut(`[${String(step + 1)}/${String(of)}] ${nameResource(key, names)}`, io.width - 1)}`);
    },
    end: () => {
      if (shown) io.err('\r\u001b[K');
      shown = false;
    },
  };
}
