// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The console writes to the log of the application, each line with the extension that it is of.

import { Console } from 'node:console';
import { Writable } from 'node:stream';

const LEVELS = { debug: 'debug', info: 'info', log: 'info', warn: 'warning', error: 'error' };

export function captureConsole(log) {
  let level;
  const sink = (fallback) => new Writable({
    decodeStrings: false,
    write(text, _encoding, done) {
      log.write(level ?? fallback, String(text));
      done();
    },
  });
  const captured = new Console({ stdout: sink('info'), stderr: sink('error'), colorMode: false });

  // The console writes at once, so that the level is still that of the caller in the sink.
  for (const [name, value] of Object.entries(LEVELS)) {
    const write = captured[name];

    captured[name] = (...args) => {
      level = value;
      try {
        write(...args);
      } finally {
        level = undefined;
      }
    };
  }

  // Into the console that there is: modules import that one by name.
  for (const [name, method] of Object.entries(captured))
    if (typeof method === 'function' && typeof console[name] === 'function')
      console[name] = method;
}
