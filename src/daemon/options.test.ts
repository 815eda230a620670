import { afterEach, expect, it, vi } from 'vitest';
import { daemonCommand } from './options.ts';

afterEach(() => void vi.restoreAllMocks());

it.each([
  [['--log-level', 'loud'], 2],
  [['--run-dir', 'run'], 2],
  [['--listen'], 2],
  [['--help'], 0],
  [['--version'], 0],
])('virtnetd %j ends with %d and starts nothing', (argv, code) => {
  vi.spyOn(process, 'exit').mockImplementation((exit) => {
    throw new Error(`exit ${String(exit)}`);
  });
  const run = vi.fn();
  const command = daemonCommand('1.2.3', run).configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  expect(() => command.parse(argv, { from: 'user' })).toThrow(`exit ${String(code)}`);
  expect(run).not.toHaveBeenCalled();
});
