// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A host that can be called: JSON-RPC 2.0, one message a line, on stdin and stdout. stderr is for
// the log. It leaves when its input is closed, and so can be asked to.

import { createInterface } from 'node:readline';

class RpcError extends Error {
  constructor(code, message, data) {
    super(message);
    Object.assign(this, { code, data });
  }
}

const methods = {
  echo: (params) => params ?? null,

  add(numbers) {
    if (!Array.isArray(numbers) || !numbers.every(Number.isFinite))
      throw new RpcError(-32602, 'add takes an array of numbers', { got: numbers ?? null });
    return { sum: numbers.reduce((sum, number) => sum + number, 0) };
  },

  sleep: ([ms] = []) => new Promise((resolve) => setTimeout(resolve, ms, 'slept')),
  crash: () => process.exit(7),
  ping: () => 'pong',
  shutdown: () => null,
};

const send = (message) => console.log(JSON.stringify({ jsonrpc: '2.0', ...message }));

async function answer({ id, method, params }) {
  try {
    if (!Object.hasOwn(methods, method))
      throw new RpcError(-32601, `There is no method “${method}”`);
    send({ id, result: await methods[method](params) });
  } catch ({ code = -32603, message, data }) {
    send({ id, error: { code, message, data } });
  }
}

console.error(`echo on Node.js ${process.version}`);

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);

  if (message.id !== undefined)
    answer(message);
  else
    send({ method: 'echo/noticed', params: { method: message.method, params: message.params } });
}
