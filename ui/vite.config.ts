import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig, type Plugin } from 'vite';

const OUT = process.env.FORGE_UI_OUT ?? '../forge/static';

/** Forge's policy allows no style attribute in markup: Kit's announcer gets its place from app.css instead. */
const announcerWithoutStyle: Plugin = {
  name: 'announcer-without-style',
  enforce: 'pre',
  transform: {
    filter: { id: /\.svelte$/, code: /svelte-announcer/ },
    handler: (code) => code.replace(/(id="svelte-announcer"[^>]*?)\s+style="[^"]*"/, '$1'),
  },
};

export default defineConfig({
  plugins: [
    announcerWithoutStyle,
    tailwindcss(),
    sveltekit({
      compilerOptions: {
        runes: ({ filename }: { filename: string }) =>
          filename.split(/[/\\]/).includes('node_modules') ? undefined : true,
      },
      adapter: adapter({ pages: OUT, assets: OUT, fallback: 'index.html', precompress: false }),
      version: { pollInterval: 60_000 },
    }),
  ],
  server: { proxy: { '/api': process.env.FORGE_URL ?? 'http://127.0.0.1:8787' } },
  build: {
    target: ['chrome111', 'edge111', 'firefox115', 'safari16.4'],
    assetsInlineLimit: 0, // data: addresses are not allowed by Forge's policy
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // What Kit's start script needs, apart: Kit's client reads what that has set when it is evaluated first.
            { name: 'start', test: /preload-helper|client[\\/]payload\.js$/, priority: 1 },
            // The frame and the board with all that they need: sixty small files take longer than their bytes.
            { name: 'board', test: /src[\\/]routes[\\/]\+(layout|page)\.svelte$/ },
          ],
        },
      },
    },
  },
});
