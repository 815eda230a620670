import { expect, test } from 'vitest';
import { refused } from '../driver/errors.ts';
import { reportFailure } from './failure.ts';
import type { Io } from './io.ts';
import { styleFor } from './render/style.ts';

/** What a person sees of an error on stderr. */
function shown(error: unknown): string {
  let text = '';
  const io = { err: (words: string) => (text += words), errStyle: styleFor(false, {}), width: 100, env: {} } as unknown as Io;
  reportFailure(io, error, false);
  return text;
}

test('each finding is shown once, where there are several too', () => {
  const finding = (message: string) => ({ code: 'VNN001', severity: 'error', message }) as const;
  expect(shown(refused([finding('one')])).match(/one/g)).toHaveLength(1);
  const text = shown(refused([finding('one'), finding('two'), finding('three')]));
  for (const word of [/one/g, /two/g, /three/g]) expect(text.match(word), text).toHaveLength(1);
});
