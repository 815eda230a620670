import { defineConfig } from 'vitest/config';

/**
 * Tests on the real kernel. scripts/test-host.sh runs each file alone in namespaces of its own; do not call vitest with this by hand,
 * it would work on the machine's own network.
 */
export default defineConfig({
  test: {
    include: ['test/host/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
});
