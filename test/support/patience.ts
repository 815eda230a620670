import { spawnSync } from 'node:child_process';

/** Milliseconds after which what a test waits for will not come any more; in the lab everything takes 5 to 20 times as long. */
export const PATIENCE_MS = process.env['KERNEL_LAB'] === undefined ? 45_000 : 150_000;

/** What `promise` gives. @throws Error that names `what` where it does not come. */
export async function patiently<T>(what: string, promise: Promise<T>, details: () => string = () => ''): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(waitedFor(what, details()))), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The words for something that did not come, with all processes and what each waits for in the kernel. */
export function waitedFor(what: string, details = ''): string {
  const { stdout } = spawnSync('ps', ['-eo', 'pid,ppid,stat,wchan:28,etimes,args', '--forest'], { encoding: 'utf8', timeout: 20_000 });
  return `waited ${String(PATIENCE_MS / 1000)} s for ${what}\n${details}\n${stdout}`;
}
