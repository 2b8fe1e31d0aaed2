// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Misbehaves on demand: crashes its host, hangs it, or floods the application with lines of log. Shows what a host is
// for: whatever this does, the application and the other hosts do not notice.

import { setImmediate } from 'node:timers/promises';

const BURST = 1000;

function hang() {
  for (;;);
}

async function flood(seconds, signal) {
  const end = performance.now() + seconds * 1000;
  let lines = 0;

  while (performance.now() < end && !signal.aborted) {
    for (let i = 0; i < BURST; i++)
      console.log(`line ${++lines} of a flood`);
    await setImmediate();
  }
  return { lines };
}

export function activate(context) {
  context.registerCommand('crash', () => process.abort());
  context.registerCommand('hang', hang);
  context.registerCommand('flood', ({ seconds }, { signal }) => flood(seconds, signal));
}
