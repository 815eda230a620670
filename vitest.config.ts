import { defineConfig } from 'vitest/config';

/** Unit tests beside their sources: pure, no root, no kernel. What is waited for comes at once, but for a machine that is busy with something else. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/unit/**/*.test.ts'],
    pool: 'threads',
    isolate: false,
    testTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
