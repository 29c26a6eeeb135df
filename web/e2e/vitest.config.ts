// End-to-end tests: real servers, a real browser, one file after the other. `npm run e2e` needs a built client inside the server binary
// (RIALTO_BIN, by default the debug build) and Chromium (CHROMIUM, by default /usr/bin/chromium).
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    environment: 'node',
    fileParallelism: false,
    // Bounds for a hang, not for behaviour: every wait inside is for a condition.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
