// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From the path of an extension to its activate() and deactivate().

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const loads = new Map();   // file → how often it was loaded

// The file itself, or what package.json in the folder calls main.
export function resolveExtension(location) {
  if (!fs.existsSync(location))
    throw new Error(`There is no “${location}”`);
  try {
    return require.resolve(path.resolve(location));
  } catch (error) {
    // Its message goes on with the files that asked, which are ours.
    if (error.code === 'MODULE_NOT_FOUND')
      throw new Error(`The folder “${location}” has no package.json whose “main” is there, and no index.js`);
    throw error;
  }
}

// Each load gets a module of its own, so that an extension can be repaired and activated again. What it imports
// is shared: Node keeps that. The first has the plain address, under which its other files may import it back.
export async function loadExtension(file) {
  const url = pathToFileURL(file);
  const count = loads.get(file) ?? 0;

  if (count > 0)
    url.searchParams.set('load', count);
  loads.set(file, count + 1);
  delete require.cache[file];

  const module = await import(url);
  const exported = typeof module.activate === 'function' ? module : module.default;

  if (typeof exported?.activate !== 'function')
    throw new Error(`“${file}” exports no function activate()`);
  return exported;
}
