#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Run: gjs -m examples/gjs/first-host.js
//
// Starts a host, calls it twice, and stops it: with promises, in the order in which it happens.

import ExtensionHost from 'gi://ExtensionHost?version=1.0';
import Gio from 'gi://Gio';

for (const method of ['start_async', 'call_bytes_async', 'stop_async'])
  Gio._promisify(ExtensionHost.Process.prototype, method);

const HOSTS = Gio.File.new_for_uri(import.meta.url).get_parent().get_parent().get_child('hosts');

/* A call with plain values: text is all that has to cross the border between the languages. */
async function call(host, method, params) {
  const text = params === undefined ? null : new TextEncoder().encode(JSON.stringify(params));
  const answer = await host.call_bytes_async(method, text, 0, null);
  return JSON.parse(new TextDecoder().decode(answer.toArray()));
}

const nick = ExtensionHost.State.to_string;

const spec = new ExtensionHost.Spec({ id: 'echo', argv: ['python3', HOSTS.get_child('echo.py').get_path()] });
const host = new ExtensionHost.Process({ spec });
host.connect('state-changed', (_host, transition) => {
  print(`${host.id}: ${nick(transition.get_old())} → ${nick(transition.get_new())}`);
});

await host.start_async(null);
const { sum } = await call(host, 'add', [1, 2, 39]);
print(`1 + 2 + 39 = ${sum}`);
try {
  await call(host, 'subtract');
} catch (error) {
  // What the host refuses has a domain of its own: it is alive, and what it says can be shown.
  if (!error.matches?.(ExtensionHost.RpcError, ExtensionHost.RpcError.METHOD_NOT_FOUND))
    throw error;
  print(`It cannot subtract: ${error.message}`);
}

const outcome = await host.stop_async(null);
print('It was asked to leave, and', outcome.get_forced() ? 'had to be killed' : 'left');
