#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Run: gjs -m examples/gjs/console.js [FOLDER]
//
// The hosts of a folder, each a *.exthost file, under the hands of whoever sits there: tells what they do as
// it happens, and takes commands; “help” lists them. Without FOLDER it has those of examples/hosts.

import ExtensionHost from 'gi://ExtensionHost?version=1.0';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

for (const method of ['start_async', 'stop_async', 'restart_async', 'kill_async', 'call_bytes_async'])
  Gio._promisify(ExtensionHost.Process.prototype, method);
Gio._promisify(ExtensionHost.Manager.prototype, 'shutdown_async');
Gio._promisify(Gio.DataInputStream.prototype, 'read_line_async', 'read_line_finish_utf8');

const HOSTS = Gio.File.new_for_uri(import.meta.url).get_parent().get_parent().get_child('hosts');

const say = (host, text) => print(`${host.id.padStart(8)} ${text}`);
const state = ExtensionHost.State.to_string;
const reason = ExtensionHost.Reason.to_string;

const manager = new ExtensionHost.Manager();
let quitting = false;

// What the hosts do

manager.connect('state-changed', (_manager, host, transition) => {
  say(host, `${state(transition.get_old())} → ${state(transition.get_new())} ` +
            `(${transition.get_detail() ?? reason(transition.get_reason())})`);
});

manager.connect('health-checked', (_manager, host, health) => {
  if (health.get_ok()) {
    const latency = health.get_latency();
    const answered = latency >= 0 ? `, answers in ${(latency / 1000).toFixed(1)} ms` : '';
    say(host, `is well: ${Math.floor(health.get_rss() / 2 ** 20)} MiB${answered}`);
  } else {
    say(host, 'does not answer');
  }
});

manager.connect('log', (_manager, host, _stream, line) => say(host, `│ ${line}`));

// What is typed

function find(id) {
  const host = manager.lookup(id ?? '');
  if (!host)
    throw new Error(id ? `there is no host “${id}”` : 'which host?');
  return host;
}

const commands = {
  help: () => print('list · start|stop|restart|kill|logs HOST · call HOST METHOD [JSON] · quit'),

  list() {
    for (let i = 0; i < manager.get_n_items(); i++) {
      const host = manager.get_item(i);
      say(host, `is ${state(host.state)}, pid ${host.pid || '–'}`);
    }
  },

  start: (id) => find(id).start_async(null),
  restart: (id) => find(id).restart_async(null),
  kill: (id) => find(id).kill_async(null),

  async stop(id) {
    const host = find(id);
    const outcome = await host.stop_async(null);
    say(host, `took ${Math.floor(outcome.get_duration() / 1000)} ms to stop`);
  },

  async call(id, method, ...words) {
    const host = find(id);
    if (!method)
      throw new Error('which method?');
    const params = words.length > 0 ? new TextEncoder().encode(words.join(' ')) : null;
    const answer = await host.call_bytes_async(method, params, 0, null);
    say(host, `answers ${new TextDecoder().decode(answer.toArray())}`);
  },

  logs(id) {
    const host = find(id);
    for (const [, stream, line] of host.dup_log(20).deepUnpack())
      say(host, `${stream} │ ${line}`);
  },

  quit() {
    quitting = true;
  },
};

async function obey([name, ...words]) {
  try {
    if (!Object.hasOwn(commands, name))
      throw new Error(`“${name}” is no command; help lists them`);
    await commands[name](...words);
  } catch (error) {
    print(`error: ${error.message}`);
  }
}

const [folder] = ARGV;
try {
  manager.load_directory(folder ? Gio.File.new_for_path(folder) : HOSTS);
} catch (error) {
  // Of one file; the hosts of the others are there.
  print(`error: ${error.message}`);
}
commands.list();

const stdin = Gio.DataInputStream.new(new Gio.UnixInputStream({ fd: 0 }));
while (!quitting) {
  const [line] = await stdin.read_line_async(GLib.PRIORITY_DEFAULT, null);
  if (line === null)
    break;
  // Not awaited: while one host takes its time to stop, another can be called.
  if (line.trim())
    obey(line.trim().split(/\s+/));
}

const report = await manager.shutdown_async(10000, null);
print(report.get_clean() ? 'All is well' : 'Not all hosts left by themselves');
