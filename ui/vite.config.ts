import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
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

/** Which packages the pages are made of, as packages.json beside them: `make build` lists what the executable holds. */
const packagesInside: Plugin = {
  name: 'packages-inside',
  apply: 'build',
  applyToEnvironment: (environment) => environment.name === 'client',
  generateBundle(_, bundle) {
    const files = Object.values(bundle).flatMap((part) =>
      part.type === 'chunk' ? Object.keys(part.modules) : part.originalFileNames,
    );
    const folders = files.map((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(resolve(file))?.[0]);
    // its reset is part of the style sheet, whose sources the bundle does not name
    folders.push(resolve('node_modules/tailwindcss'));
    const inside = [...new Set(folders)].flatMap((folder) => (folder ? [described(folder)] : []));
    inside.sort((a, b) => a.name.localeCompare(b.name, 'en'));
    this.emitFile({
      type: 'asset',
      fileName: 'packages.json',
      source: JSON.stringify(inside, null, 1) + '\n',
    });
  },
};

function described(folder: string): { name: string; version: string; license?: string } {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf-8'));
  return { name, version, license };
}

/** The commit's time, so that the same commit makes the same bytes; the present where something was changed. */
function buildName(): string {
  const git = (...words: string[]) => execFileSync('git', words, { encoding: 'utf-8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.') !== '';
    return process.env.SOURCE_DATE_EPOCH ?? (changed ? String(Date.now()) : git('log', '-1', '--format=%ct'));
  } catch {
    return String(Date.now()); // not a clone
  }
}

export default defineConfig({
  plugins: [
    announcerWithoutStyle,
    packagesInside,
    tailwindcss(),
    sveltekit({
      compilerOptions: {
        runes: ({ filename }: { filename: string }) =>
          filename.split(/[/\\]/).includes('node_modules') ? undefined : true,
      },
      adapter: adapter({ pages: OUT, assets: OUT, fallback: 'index.html', precompress: false }),
      version: { name: buildName(), pollInterval: 60_000 },
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
