// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Does whatever a test asks of an extension. probe.py is the same in Python.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { info } from 'node:console';
import { exit } from 'node:process';

const forever = () => new Promise(() => {});

export function activate(context) {
  const commands = {
    'echo': (args) => args,
    'nothing': () => {},
    'fail': () => { throw new Error('on purpose'); },
    'fail-oddly': () => { throw { get message() { throw new Error('no text'); } }; },
    'unserialisable': () => 1n,
    'big': ({ size }) => 'x'.repeat(size),
    'surrogate': () => '\ud800',
    'exit': () => exit(3),
    'exit-later': () => { setTimeout(() => process.exit(3), 1); return forever(); },
    'stray': () => { setTimeout(() => { throw new Error('stray'); }, 1); return forever(); },
    'stray-rejection': () => { (async () => { await null; throw new Error('stray'); })(); return forever(); },
    'stray-unasked': () => { setTimeout(() => { throw new Error('stray'); }, 1); },
    'stray-and-go-on': (_args, { signal }) => {
      (async () => {
        await context.call('probe/first', {}, { signal });
        await context.call('probe/second', {}, { signal });
        context.notify('probe/went-on');
      })();
      setTimeout(() => { throw new Error('stray'); }, 1);
    },
    'ask': ({ method, params, timeout }) => context.call(method, params, { timeout }),
    'notify': ({ method, params }) => context.notify(method, params),
    'status': () => context.status('half way', 0.5),
    'log': () => context.log('debug', 'first\nsecond'),
    'wait': async (_args, { signal }) => {
      context.notify('probe/waiting');
      await new Promise((resolve) => { signal.addEventListener('abort', resolve); });
      context.notify('probe/cancelled');
    },
    'deaf': () => { context.notify('probe/waiting'); return forever(); },
    'nap': ({ ms }) => new Promise((resolve) => { setTimeout(resolve, ms, 'slept'); }),
    'block': ({ ms }) => {
      context.notify('probe/waiting');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    },
    'print': () => {
      console.log('one\ntwo %d', 2);
      console.warn('careful');
      console.debug('small');
      info('imported');
      setTimeout(() => console.error('late'), 1);
    },
    'write-around': () => {
      process.stdout.write('to stdout\n');
      fs.writeSync(1, 'to descriptor 1\n');
      execFileSync('sh', ['-c', 'cat; echo written by a child'], { stdio: 'inherit' });
    },
    'descriptors': () => execFileSync('sh', ['-c', 'ls -l /proc/self/fd'],
      { encoding: 'utf8', stdio: ['inherit', 'pipe', 'inherit'] }),
    'register-twice': () => context.registerCommand('echo', () => {}),
  };

  for (const [name, command] of Object.entries(commands))
    context.registerCommand(name, command);
  context.signal.addEventListener('abort', () => context.notify('probe/signal'));
  context.notify('probe/activated', { id: context.id, path: context.path });
  return () => {};
}

export function deactivate() {
  console.log('deactivated');
}
