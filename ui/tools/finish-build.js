// After `vite build`: moves Kit's inline boot script into a file and checks that the pages keep to Forge's policy.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const out = process.env.FORGE_UI_OUT ?? '../forge/static';
const BUDGET = 120 * 1024; // bytes of JavaScript, gzip, before the first page is shown
const SMALL = 1024; // bytes; less does not get smaller by being packed
const faults = [];

function files(folder) {
  return readdirSync(join(out, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

function moveBootScript() {
  const page = readFileSync(join(out, 'index.html'), 'utf8');
  let moved = 0;
  const rewritten = page.replace(/<script>([\s\S]*?)<\/script>/g, (_, code) => {
    const name = `_app/immutable/boot.${createHash('sha256').update(code).digest('hex').slice(0, 8)}.js`;
    writeFileSync(join(out, name), code);
    moved += 1;
    return `<script src="/${name}"></script>`;
  });
  if (moved !== 1) faults.push(`index.html has ${moved} inline scripts, one was expected`);
  if (/<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=/.test(rewritten)) faults.push('index.html has inline code');
  writeFileSync(join(out, 'index.html'), rewritten);
  return rewritten;
}

function checkStyles() {
  for (const name of files('_app').filter((name) => name.endsWith('.js'))) {
    const code = readFileSync(join(out, name), 'utf8');
    if (/<[a-z][^<>`]*\sstyle=\\?["'][^"']/.test(code))
      faults.push(`${name} has markup with a style attribute`);
  }
}

const manifest = JSON.parse(readFileSync('.svelte-kit/output/client/.vite/manifest.json', 'utf8'));

/** The files of the entries that match, and of all that they import. */
function filesOf(entries) {
  const wanted = new Set();
  const add = (key) => {
    if (wanted.has(key)) return;
    wanted.add(key);
    for (const next of manifest[key].imports ?? []) add(next);
  };
  for (const key of Object.keys(manifest))
    if (entries.test(key) && manifest[key].isEntry !== undefined) add(key);
  return new Set([...wanted].map((key) => manifest[key].file).filter((name) => name.endsWith('.js')));
}

/** Kit's client must be evaluated after the start script has told it of its version, or every page looks outdated. */
function checkStart() {
  const client = filesOf(/client-optimized\/app\b/);
  for (const name of filesOf(/runtime\/client\/entry\.js$/))
    if (client.has(name) && readFileSync(join(out, name), 'utf8').length > SMALL * 4)
      faults.push(`${name} is loaded by the start script, and holds more than that needs`);
}

/** What the browser loads before it can show the board. */
function initialSize() {
  const first = /(client\/entry|client-optimized\/app|entry\/(start|app)|nodes\/0)\b/;
  const names = filesOf(first);
  let size = 0;
  for (const name of names) size += gzipSync(readFileSync(join(out, name))).length;
  return { size, count: names.size };
}

moveBootScript();
checkStyles();
checkStart();
const { size, count } = initialSize();
if (size > BUDGET) faults.push(`The first page needs ${size} bytes of JavaScript, ${BUDGET} are allowed`);
for (const name of files('.').filter((name) => name.endsWith('.map'))) rmSync(join(out, name));
for (const name of files('.').filter((name) => /\.(js|css|html|svg|json)$/.test(name))) {
  const whole = readFileSync(join(out, name));
  if (whole.length > SMALL) writeFileSync(join(out, `${name}.gz`), gzipSync(whole, { level: 9 }));
}
writeFileSync(join(out, '.gitkeep'), '');
console.log(`First page: ${(size / 1024).toFixed(1)} KB of JavaScript (gzip) in ${count} files.`);
if (faults.length) {
  console.error(faults.join('\n'));
  process.exit(1);
}
