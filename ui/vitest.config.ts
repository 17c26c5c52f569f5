import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

// The Svelte plugin alone, not sveltekit(): unit tests need no router, and start faster.
export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  resolve: {
    alias: {
      '$app/navigation': new URL('./tests/unit/app-navigation.ts', import.meta.url).pathname,
      '$app/state': new URL('./tests/unit/app-state.ts', import.meta.url).pathname,
    },
  },
  test: {
    environment: 'jsdom',
    include: ['tests/unit/**/*.test.ts'],
    setupFiles: ['tests/unit/setup.ts'],
  },
});
