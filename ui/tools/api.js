// Writes openapi.json (as this checkout's Forge describes itself) and the types read off it.
// `--check` writes nothing and fails if the types do not fit openapi.json, or openapi.json not this Forge
// (where its Python environment is installed).
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const check = process.argv.includes('--check');
const python = process.env.FORGE_PYTHON ?? '../.venv/bin/python';
const stale = [];

function keep(file, text) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  if (check) stale.push(file);
  else writeFileSync(file, text);
}

if (existsSync(python)) {
  keep('openapi.json', execFileSync(python, ['tools/openapi.py'], { encoding: 'utf8' }));
} else if (!check) {
  console.error(`There is no ${python}: run “make setup”, or say where Forge's Python is with FORGE_PYTHON.`);
  process.exit(1);
}
const types = await openapiTS(new URL('../openapi.json', import.meta.url), { rootTypes: false });
keep('src/lib/api/schema.d.ts', `// Made by \`npm run api\`; do not change.\n${astToString(types)}`);
if (stale.length) {
  console.error(
    `${stale.join(' and ')} no longer fit Forge's API. Run “npm run api”, and commit what it writes.`,
  );
  process.exit(1);
}
