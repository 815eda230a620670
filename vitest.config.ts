import { defineConfig } from 'vitest/config';

/** Unit tests beside their sources: pure, no root, no kernel. */
export default defineConfig({
  test: { include: ['src/**/*.test.ts', 'test/unit/**/*.test.ts'], pool: 'threads', isolate: false, testTimeout: 60_000 },
});
