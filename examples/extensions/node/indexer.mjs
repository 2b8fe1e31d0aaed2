// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Walks a folder and counts what is in it. Shows a long command: it reports how far it is, leaves the event loop to
// others while it waits for the disk, and stops when it is cancelled.

import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

const REPORT_MS = 100;

async function index(context, root, signal) {
  const index = { files: 0, bytes: 0, types: {} };
  const waiting = [root];
  let folders = 0;
  let reported = 0;

  while (waiting.length > 0) {
    const folder = waiting.pop();

    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const name = path.join(folder, entry.name);

      signal.throwIfAborted();
      // A symbolic link is neither, so that there are no circles.
      if (entry.isDirectory())
        waiting.push(name);
      else if (entry.isFile())
        await add(index, name);
    }

    folders++;
    if (Date.now() - reported > REPORT_MS) {
      context.status(`${index.files} files in ${folders} folders`, folders / (folders + waiting.length + 1));
      reported = Date.now();
    }
  }

  context.status(`${index.files} files in ${folders} folders`, 1);
  return index;
}

async function add(index, name) {
  const type = path.extname(name);

  index.files++;
  index.bytes += (await lstat(name)).size;
  index.types[type] = (index.types[type] ?? 0) + 1;
}

export function activate(context) {
  context.registerCommand('index', ({ folder }, { signal }) => index(context, folder, signal));
}
