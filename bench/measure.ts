import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Milliseconds that the work takes. */
export async function timed(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const sorted = (values: readonly number[]): readonly number[] => [...values].sort((a, b) => a - b);
export const median = (values: readonly number[]): number => sorted(values)[Math.floor(values.length / 2)] ?? NaN;
export const least = (values: readonly number[]): number => sorted(values)[0] ?? NaN;
export const ms = (value: number): string => `${value.toFixed(1)} ms`;
/** One line of a table: what, and its figure. */
export const print = (label: string, value: string): void => void process.stdout.write(`${label.padEnd(52)} ${value}\n`);

/** A folder of this run's own that dnsmasq's user may enter, as it may /run/virtnet. */
export function benchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'virtnet-bench-'));
  chmodSync(folder, 0o755);
  return folder;
}
