// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The extensions of this host, and what the application can ask of it.

import { makeContext } from './context.mjs';
import { CANCELLED, INVALID_PARAMS, INVALID_REQUEST, RpcError, messageOf } from './errors.mjs';
import { Extension } from './extension.mjs';
import { Job } from './peer.mjs';

// How long the commands in work and the deactivations may take when the host leaves. Together they are less than
// the application waits for an exit, which is 5 s unless it says otherwise.
const DRAIN_MS = 2000;
const DEACTIVATE_MS = 2000;
const FLUSH_MS = 500;

function expect(condition, message) {
  if (!condition)
    throw new RpcError(INVALID_PARAMS, message);
}

function expectString(params, name) {
  expect(typeof params?.[name] === 'string' && params[name] !== '', `“${name}” has to be a string`);
  return params[name];
}

function wait(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

export class Host {
  #peer;
  #log;
  #leave;
  #extensions = new Map();
  #leaving = new Map();   // id → promise: an extension that is being deactivated
  #work = new Set();      // promises of requests in work
  #finishing = false;

  constructor(peer, log, leave) {
    this.#peer = peer;
    this.#log = log;
    this.#leave = leave;
    this.methods = new Map([
      ['ping', () => ({})],
      ['shutdown', () => this.#shutdown()],
      ['extension/activate', (params, job) => this.#track(this.#activate(params, job))],
      ['extension/call', (params, job) => this.#track(this.#call(params, job))],
      ['extension/deactivate', (params, job) => this.#track(this.#deactivate(params, job))],
    ]);
  }

  findByStack(stack = '') {
    return [...this.#extensions.values()].find((extension) => extension.appearsIn(stack));
  }

  #track(promise) {
    const forget = () => this.#work.delete(promise);

    this.#work.add(promise);
    promise.then(forget, forget);
    return promise;
  }

  #refuseWhenFinishing() {
    if (this.#finishing)
      throw new RpcError(INVALID_REQUEST, 'The host is shutting down');
  }

  async #activate(params, job) {
    const id = expectString(params, 'id');
    const extension = new Extension(id, expectString(params, 'path'));

    this.#refuseWhenFinishing();
    expect(!this.#extensions.has(id), `The extension “${id}” is active already`);
    this.#extensions.set(id, extension);
    try {
      await this.#leaving.get(id);
      await extension.activate((self) => makeContext(self, this.#peer, this.#log), job);
    } catch (error) {
      if (this.#extensions.get(id) === extension)
        this.#extensions.delete(id);
      throw error;
    }
    return { commands: extension.commands };
  }

  #find(params) {
    const id = expectString(params, 'id');

    expect(this.#extensions.has(id), `There is no extension “${id}”`);
    return this.#extensions.get(id);
  }

  async #call(params, job) {
    const extension = this.#find(params);
    const command = expectString(params, 'command');
    const args = params.arguments;

    this.#refuseWhenFinishing();
    expect(args === undefined || (typeof args === 'object' && args !== null),
      '“arguments” have to be an object, an array or left out');
    return extension.call(command, args, job);
  }

  async #deactivate(params, job) {
    const extension = this.#find(params);
    const gone = extension.deactivate(job);
    const settled = gone.catch(() => {});

    // At once: its name is free, though the next one of that name waits until this one is gone.
    this.#extensions.delete(extension.id);
    this.#leaving.set(extension.id, settled);
    try {
      await gone;
    } finally {
      if (this.#leaving.get(extension.id) === settled)
        this.#leaving.delete(extension.id);
    }
    return null;
  }

  #shutdown() {
    // The acknowledgement goes first.
    setImmediate(() => this.finish());
    return null;
  }

  // Lets the commands in work come to their end, then deactivates in reverse order and leaves.
  async finish() {
    if (this.#finishing)
      return;
    this.#finishing = true;

    await Promise.race([Promise.allSettled(this.#work), wait(DRAIN_MS)]);

    const deadline = performance.now() + DEACTIVATE_MS;
    const rest = [...this.#extensions.values()];
    while (rest.length > 0) {
      const share = (deadline - performance.now()) / rest.length;

      await this.#deactivateWithin(rest.pop(), Math.max(0, share));
    }
    await this.#leave(performance.now() + FLUSH_MS);
  }

  async #deactivateWithin(extension, ms) {
    const job = new Job();
    const timer = setTimeout(() => {
      job.break(new RpcError(CANCELLED, `it is not done after ${Math.round(ms)} ms`));
    }, ms);

    try {
      await extension.deactivate(job);
    } catch (error) {
      this.#log.write('error', `deactivate() failed: ${messageOf(error)}`, extension);
    } finally {
      clearTimeout(timer);
    }
  }
}
