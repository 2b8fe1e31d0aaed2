// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One extension, from its activation to its deactivation. An object serves for one activation.

import { pathToFileURL } from 'node:url';

import { CANCELLED, METHOD_NOT_FOUND, RpcError } from './errors.mjs';
import { loadExtension, resolveExtension } from './load.mjs';
import { runIn } from './scope.mjs';

export class Extension {
  #commands = new Map();
  #controller = new AbortController();
  #jobs = new Set();
  #module;
  #file;

  constructor(id, path) {
    this.id = id;
    this.path = path;
  }

  get signal() {
    return this.#controller.signal;
  }

  get commands() {
    return [...this.#commands.keys()];
  }

  register(name, fn) {
    this.signal.throwIfAborted();
    if (this.#commands.has(name))
      throw new Error(`The command “${name}” is registered already`);
    this.#commands.set(name, fn);
  }

  async activate(makeContext, job) {
    try {
      this.signal.throwIfAborted();
      await this.#run(job, async () => {
        this.#file = resolveExtension(this.path);
        const module = await loadExtension(this.#file);

        await module.activate(makeContext(this));
        this.#module = module;
      });
    } catch (error) {
      this.#retire('could not be activated');
      throw error;
    }
  }

  async call(name, args, job) {
    const command = this.#commands.get(name);

    if (command === undefined)
      throw new RpcError(METHOD_NOT_FOUND, `“${this.id}” has no command “${name}”`);
    return this.#run(job, async () => command(args, { signal: job.signal }));
  }

  async deactivate(job) {
    this.#retire('is being deactivated');
    await this.#run(job, async () => this.#module?.deactivate?.());
  }

  // The code of the extension, under its name, until the job is done or broken.
  async #run(job, fn) {
    this.#jobs.add(job);
    try {
      return await Promise.race([runIn({ extension: this, job }, fn), job.broken]);
    } finally {
      this.#jobs.delete(job);
    }
  }

  #retire(why) {
    const error = new RpcError(CANCELLED, `The extension “${this.id}” ${why}`);

    this.#commands.clear();
    for (const job of this.#jobs)
      job.break(error);
    this.#controller.abort(error);
  }

  // Runs fn with a signal that is aborted when the extension retires, or with the other signal.
  async withAbort(other, fn) {
    const either = new AbortController();
    const signals = [this.signal, other].filter((signal) => signal !== undefined);
    const onAbort = ({ target }) => either.abort(target.reason);

    for (const signal of signals) {
      signal.throwIfAborted();
      signal.addEventListener('abort', onAbort);
    }
    try {
      return await fn(either.signal);
    } finally {
      for (const signal of signals)
        signal.removeEventListener('abort', onAbort);
    }
  }

  appearsIn(stack) {
    return this.#file !== undefined &&
      (stack.includes(this.#file) || stack.includes(pathToFileURL(this.#file).pathname));
  }
}
