// SPDX-License-Identifier: LGPL-2.1-or-later
//
// JSON-RPC with the application: its requests are worked on concurrently, as jobs, and it can be called.

import {
  ApplicationError, CANCELLED, INVALID_REQUEST, METHOD_NOT_FOUND, RpcError, toReply,
} from './errors.mjs';

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isId = (value) => typeof value === 'string' || Number.isSafeInteger(value);

// A request of the application in work. Its method runs on whatever happens; breaking the job decides the answer.
export class Job {
  #controller = new AbortController();
  #reject;
  #answered = false;

  constructor() {
    this.broken = new Promise((_, reject) => { this.#reject = reject; });
    this.broken.catch(() => {});
  }

  get signal() {
    return this.#controller.signal;
  }

  finish() {
    this.#answered = true;
  }

  break(error) {
    // What the extension has started meanwhile goes on.
    if (this.#answered)
      return;
    this.#reject(error);
    this.#controller.abort(error);
  }
}

export class Peer {
  #wire;
  #methods = new Map();
  #onProblem = () => {};
  #jobs = new Map();
  #calls = new Map();
  #lastId = 0;
  #closed = false;

  constructor(wire) {
    this.#wire = wire;
  }

  start(methods, onProblem) {
    this.#methods = methods;
    this.#onProblem = onProblem;
  }

  get queued() {
    return this.#wire.queued;
  }

  receive(line) {
    let message;

    try {
      message = JSON.parse(line.toString());
    } catch (error) {
      if (line.toString().trim() !== '')
        this.#onProblem(`A line of the application is no JSON: ${error.message}`);
      return;
    }

    if (Array.isArray(message))
      this.#sendError(null, { code: INVALID_REQUEST, message: 'Batches are not supported' });
    else if (!isObject(message) || message.jsonrpc !== '2.0')
      this.#refuse(message, 'it is not of JSON-RPC 2.0');
    else if ('method' in message)
      this.#receiveCall(message);
    else
      this.#receiveReply(message);
  }

  #refuse(message, why) {
    this.#onProblem(`A message of the application was dropped: ${why}`);
    if (isObject(message) && isId(message.id) && 'method' in message)
      this.#sendError(message.id, { code: INVALID_REQUEST, message: `Invalid request: ${why}` });
  }

  #receiveCall(message) {
    const { id, method, params } = message;

    if (typeof method !== 'string')
      this.#refuse(message, 'its method is no string');
    else if (params !== undefined && (typeof params !== 'object' || params === null))
      this.#refuse(message, 'its params are neither an object nor an array');
    else if (!('id' in message))
      this.#receiveNotification(method, params);
    else if (!isId(id))
      this.#refuse(message, 'its id is neither a string nor an integer');
    else
      this.#work(id, method, params);
  }

  // Others are none of our business, and need no answer.
  #receiveNotification(method, params) {
    if (method === '$/cancelRequest')
      this.#jobs.get(params?.id)?.break(new RpcError(CANCELLED, 'The request was cancelled'));
  }

  async #work(id, method, params) {
    const job = new Job();

    this.#jobs.set(id, job);
    try {
      const run = this.#methods.get(method);

      if (run === undefined)
        throw new RpcError(METHOD_NOT_FOUND, `There is no method “${method}”`);
      this.#sendResult(id, await run(params, job));
    } catch (error) {
      this.#sendError(id, toReply(error));
    } finally {
      job.finish();
      this.#jobs.delete(id);
    }
  }

  // Throws for what JSON cannot hold, such as a cycle or a BigInt.
  #sendResult(id, result) {
    const text = JSON.stringify(result) ?? 'null';

    this.#wire.send(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${text}}`);
  }

  #sendError(id, error) {
    this.#wire.send(JSON.stringify({ jsonrpc: '2.0', id, error }));
  }

  notify(method, params) {
    this.#wire.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  // A promise of the answer. The timeout is in ms; with the signal aborted, or too late, the application is told.
  call(method, params, { timeout, signal } = {}) {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const settle = (function_, value) => {
        if (!this.#calls.delete(id))
          return;
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        function_(value);
      };
      const giveUp = (error) => {
        if (this.#calls.has(id))
          this.notify('$/cancelRequest', { id });
        settle(reject, error);
      };
      const onAbort = () => giveUp(signal.reason);
      const timer = timeout === undefined ? undefined : setTimeout(() => {
        giveUp(new Error(`The application did not answer “${method}” within ${timeout} ms`));
      }, timeout);

      this.#calls.set(id, {
        resolve: (value) => settle(resolve, value),
        reject: (error) => settle(reject, error),
      });
      try {
        if (this.#closed)
          throw new Error(`The application is gone and cannot be asked “${method}”`);
        signal?.throwIfAborted();
        signal?.addEventListener('abort', onAbort);
        this.#wire.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      } catch (error) {
        settle(reject, error);
      }
    });
  }

  #receiveReply({ id, result, error }) {
    const call = this.#calls.get(id);

    // Without a call it comes late: that was cancelled.
    if (isObject(error))
      call?.reject(new ApplicationError(error));
    else
      call?.resolve(result);
  }

  // No answer will come any more.
  close() {
    this.#closed = true;
    for (const call of this.#calls.values())
      call.reject(new Error('The application is gone'));
  }
}
