// Fails if a language lacks a word that another has, or takes other values with it. Part of the build.
import { en } from '../src/lib/i18n/en.ts';
import { ru } from '../src/lib/i18n/ru.ts';

function differences(one, other, path = '') {
  return Object.keys({ ...one, ...other }).flatMap((key) => {
    const [a, b, at] = [one[key], other[key], path ? `${path}.${key}` : key];
    if (a === undefined || b === undefined)
      return [`${at} is missing in ${a === undefined ? 'English' : 'Russian'}`];
    if (typeof a !== typeof b) return [`${at} is a ${typeof a} in English and a ${typeof b} in Russian`];
    if (typeof a === 'object') return differences(a, b, at);
    if (typeof a === 'function' && a.length !== b.length) return [`${at} takes other values in Russian`];
    return a === '' || b === '' ? [`${at} is empty`] : [];
  });
}

const found = differences(en, ru);
if (found.length) {
  console.error(found.join('\n'));
  process.exit(1);
}
