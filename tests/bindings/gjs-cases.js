// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the introspection data says is what GJS then does: promises, errors, nothing, ownership. Prints
// TAP; started by test-gjs.py.

import ExtensionHost from 'gi://ExtensionHost?version=1.0';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Json from 'gi://Json?version=1.0';
import System from 'system';

// Without a second name: GJS finds the finish function by that of the first.
for (const name of ['call', 'call_bytes', 'kill', 'restart', 'start', 'stop', 'terminate', 'wait', 'wait_ready'])
  Gio._promisify(ExtensionHost.Process.prototype, `${name}_async`);
for (const name of ['publish', 'remove', 'shutdown'])
  Gio._promisify(ExtensionHost.Manager.prototype, `${name}_async`);
Gio._promisify(ExtensionHost.Extension.prototype, 'call_async');

function assert(condition, what) {
  if (!condition)
    throw new Error(what ?? 'this does not hold');
}

function assertSame(got, expected) {
  const [left, right] = [JSON.stringify(got), JSON.stringify(expected)];
  assert(left === right, `${left}, but expected ${right}`);
}

async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

function newHost(options = [], properties = {}) {
  const argv = [GLib.getenv('RPC_HOST'), '--live-for=120', ...options];
  const spec = new ExtensionHost.Spec({ id: 'guest', argv, health_interval: 0, ...properties });
  return new ExtensionHost.Process({ spec });
}

async function runningHost(...details) {
  const host = newHost(...details);
  await host.start_async(null);
  await host.wait_ready_async(null);
  return host;
}

const text = (value) => new TextEncoder().encode(JSON.stringify(value));
const plain = (bytes) => JSON.parse(new TextDecoder().decode(bytes.toArray()));

const cases = [];
const test = (name, run) => cases.push({ name, run });

test('promises: a host is started, called, waited for and stopped', async () => {
  const host = newHost();
  const states = [];
  host.connect('state-changed', (source, transition) => {
    assert(source === host && source.state === transition.get_new());
    states.push(ExtensionHost.State.to_string(transition.get_new()));
  });
  assert(await host.start_async(null) === true);
  assert(host.pid > 0 && host.generation === 1);
  const numbers = await Promise.all([1, 2, 3].map((n) => host.call_bytes_async('add', text([n, 1]), 0, null)));
  assertSame(numbers.map(plain), [2, 3, 4]);
  const tree = await host.call_async('echo', Json.from_string('{"a":[1,null]}'), ExtensionHost.NO_TIMEOUT, null);
  assertSame(Json.to_string(tree, false), '{"a":[1,null]}');
  const [end, outcome] = await Promise.all([host.wait_async(null), host.stop_async(null)]);
  assert(outcome.get_exited() && end.get_requested() && end.get_kind() === ExtensionHost.ExitKind.EXITED);
  assertSame(states, ['starting', 'running', 'stopping', 'stopped']);
});

test('blocking: the same without promises', () => {
  const host = newHost();
  assert(host.start() && host.wait_ready(null));
  assertSame(plain(host.call_bytes('add', text([40, 2]), 0, null)), 42);
  assertSame(Json.to_string(host.call('add', Json.from_string('[40,2]'), 0, null), false), '42');
  assert(host.stop(null).get_exited());
});

test('errors: classes and codes of the library, of the host, and of GIO', async () => {
  const host = newHost(['--cancel-notices']);
  let error = await errorOf(host.call_bytes_async('echo', null, 0, null));
  assert(error instanceof ExtensionHost.Error && error instanceof GLib.Error);
  assert(error.matches(ExtensionHost.Error, ExtensionHost.Error.NOT_RUNNING), error.message);
  assert(!error.matches(ExtensionHost.Error, ExtensionHost.Error.NOT_FOUND));
  assert(!error.matches(ExtensionHost.RpcError, ExtensionHost.Error.NOT_RUNNING));
  await host.start_async(null);

  error = await errorOf(host.call_bytes_async('fail', null, 0, null));
  assert(error instanceof ExtensionHost.RpcError);
  assertSame([error.code, error.message], [-7, 'no such luck']);
  error = await errorOf(host.call_async('no/such/method', null, 0, null));
  assert(error.matches(ExtensionHost.RpcError, ExtensionHost.RpcError.METHOD_NOT_FOUND));
  error = await errorOf(host.call_bytes_async('hold', null, 20, null));
  assert(error.matches(ExtensionHost.Error, ExtensionHost.Error.TIMED_OUT));

  const cancellable = new Gio.Cancellable();
  const call = host.call_bytes_async('hold', null, 0, cancellable);
  cancellable.cancel();
  error = await errorOf(call);
  assert(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED));

  const absent = new ExtensionHost.Process({ spec: ExtensionHost.Spec.new('absent', ['/nonexistent']) });
  error = await errorOf(absent.start_async(null));
  assert(error.matches(ExtensionHost.Error, ExtensionHost.Error.NOT_FOUND));
  assert(absent.last_exit.get_kind() === ExtensionHost.ExitKind.SPAWN_FAILED);
  await host.stop_async(null);
});

test('failures: what an error has no room for is had from the result', async () => {
  const host = await runningHost();
  // A promise has no result to ask: where it is wanted, the callback form is still there.
  const failure = await new Promise((resolve) => {
    host.call_async('fail', null, 0, null, (source, result) => resolve(source.get_call_failure(result)));
  });
  assertSame([failure.get_code(), failure.get_message()], [-7, 'no such luck']);
  assertSame(Json.to_string(failure.get_data(), false), '{"why":[1]}');
  assert(failure.get_exit() === null);
  assertSame(failure.get_log(), []);
  await host.stop_async(null);
});

test('nothing is null', async () => {
  const host = newHost();
  const manager = new ExtensionHost.Manager();
  for (const property of ['kind', 'last_control_failure', 'last_exit', 'last_health', 'status_text'])
    assert(host[property] === null && host[`get_${property}`]() === null, property);
  assert(manager.application_id === null && manager.bus_name === null && manager.lookup('nobody') === null);
  assertSame([host.dup_history(), host.dup_log(5).deepUnpack()], [[], []]);
  host.start();
  assert(host.dup_history()[0].get_detail() === null);
  await host.stop_async(null);
});

test('enumerations and constants', () => {
  assertSame(ExtensionHost.State.to_string(ExtensionHost.State.CRASHED), 'crashed');
  assert(ExtensionHost.State.get_label(ExtensionHost.State.CRASHED) !== '');
  assertSame(ExtensionHost.Reason.to_string(ExtensionHost.Reason.TREE_GONE), 'tree-gone');
  assertSame(ExtensionHost.NO_TIMEOUT, 2 ** 32 - 1);
  assertSame(ExtensionHost.RpcError.METHOD_NOT_FOUND, -32601);
});

test('methods for hosts, and notifications from them', async () => {
  const host = await runningHost();
  const answer = new Promise((resolve) => {
    host.connect('log', (_host, _stream, line) => {
      if (line.startsWith('answer '))
        resolve(JSON.parse(line.slice('answer '.length)));
    });
  });
  const notice = new Promise((resolve) => {
    host.connect('notification::progress', (_host, method, params) => {
      resolve([method, JSON.parse(Json.to_string(params, false))]);
    });
  });
  host.add_method('sum', null, (_host, invocation) => {
    const { n } = plain(invocation.get_params_bytes());
    invocation.return_value(Json.from_string(JSON.stringify([n, null])));
  });
  await host.call_bytes_async('ask', text(['sum']), 0, null);
  assertSame((await answer).result, [1, null]);
  await host.call_bytes_async('notify', text(['progress']), 0, null);
  assertSame(await notice, ['progress', { n: 1 }]);
  await host.stop_async(null);
});

test('a manager: its list, its signals and its report', async () => {
  const manager = new ExtensionHost.Manager();
  const told = [];
  const spec = ExtensionHost.Spec.new('guest', ['cat']);
  spec.protocol = ExtensionHost.Protocol.NONE;
  manager.connect('state-changed::guest', (_manager, host, transition) => {
    told.push([host.id, ExtensionHost.State.to_string(transition.get_new())]);
  });
  const host = manager.add(spec);
  assert(manager.get_n_items() === 1 && manager.get_item(0) === host && manager.lookup('guest') === host);
  manager.start_all();
  await host.wait_ready_async(null);
  const report = await manager.shutdown_async(5000, null);
  assert(report.get_clean() && report.get_n_hosts() === 1);
  assertSame(report.get_id(0), 'guest');
  assert(report.get_outcome(0).get_exit().get_code() === 0);
  assertSame(told.at(-1), ['guest', 'stopped']);
});

test('lists, records and answers may be dropped at any time', async () => {
  const host = await runningHost([], { log_lines: 1000 });
  const words = text(Array(64).fill('x'.repeat(1000)));
  for (let round = 0; round < 100; round++) {
    const answer = await host.call_bytes_async('echo', words, 0, null);
    const texts = host.dup_history().map((transition) => transition.to_string());
    assert(answer.get_size() === words.length && texts.length === 2);
    host.describe();
    host.dup_log(1000);
    if (round % 10 === 0)
      System.gc();
  }
  const outcome = await host.stop_async(null);
  const end = host.last_exit;
  host.run_dispose();
  System.gc();
  assert(outcome.get_exit().to_string() === end.to_string());
});

print(`TAP version 13\n1..${cases.length}`);
for (const [index, { name, run }] of cases.entries()) {
  try {
    await run();
    print(`ok ${index + 1} ${name}`);
  } catch (error) {
    print(`not ok ${index + 1} ${name}`);
    printerr(`# ${error}\n# ${error.stack.trim().replaceAll('\n', '\n# ')}`);
  }
}
