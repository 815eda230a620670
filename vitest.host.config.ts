import { defineConfig } from 'vitest/config';

/** Milliseconds; under the lab's software emulation everything takes 5 to 20 times as long. */
const limit = process.env['KERNEL_LAB'] === undefined ? 60_000 : 300_000;

/**
 * Tests on the real kernel. scripts/test-host.sh runs each file alone in namespaces of its own; do not call vitest with this by hand,
 * it would work on the machine's own network.
 */
export default defineConfig({
  test: {
    // What scripts/test-host.mjs makes of test/host.
    include: ['.cache/host-*/*.test.mjs'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: limit,
    hookTimeout: limit,
    teardownTimeout: 10_000,
  },
});
