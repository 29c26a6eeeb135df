// How the client is built: one entry, relative addresses (the page's <base> carries the site URL's sub-path), nothing inlined, because the
// server's Content-Security-Policy takes scripts, styles, fonts and pictures from files only. How much script a first visit may load is tested
// in e2e/, compressed, as a browser gets it.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const server = process.env['RIALTO_URL'] ?? 'http://127.0.0.1:8065';

export default defineConfig({
  base: './',
  plugins: [react()],
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2022', chunkSizeWarningLimit: 700 },
  server: { proxy: { '/api': { target: server, ws: true } } },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/testing/setup.ts'],
    // The official client is CommonJS; inlined, it is read the way the build reads it.
    server: { deps: { inline: ['@mattermost/client'] } },
  },
});
