// SPDX-License-Identifier: LGPL-2.1-or-later

// A host as scripts for child_process.fork() are written: it knows process.send() and the events
// “message” and “disconnect”, and nothing of who is at the other end.

'use strict';

const net = require('node:net');

const waiting = new Map();   // what we asked, by id
let lastId = 0;

const send = (message) => process.send({ jsonrpc: '2.0', ...message });

const methods = {
  add: (numbers) => numbers.reduce((sum, number) => sum + number, 0),
  echo: (params) => params ?? null,
  hold: () => new Promise(() => {}),
  sleep: ([ms]) => new Promise((resolve) => setTimeout(resolve, ms, 'slept')),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  say: ([text]) => console.log(text),
  complain: ([text]) => console.error(text),

  text: ([length]) => 'ä'.repeat(length / 2),

  tick: ([n]) => {
    for (let i = 0; i < n; i++)
      send({ method: 'tick', params: { i } });
    return n;
  },

  ask: (params) => new Promise((resolve) => {
    waiting.set(++lastId, resolve);
    send({ id: lastId, method: 'open', params });
  }),

  // What the library of Node says to the other Node, and what looks like it
  internal: () => {
    process.send({ cmd: 'NODE_', n: 1 });
    process.send({ cmd: 'NODE_CLUSTER', act: 'online', seq: 0 });
    process.send({ jsonrpc: '2.0', method: 'tick', params: {}, cmd: 'NODE_X' });
    return true;
  },
  foreign: () => {
    process.send({ cmd: 'node_' });
    process.send({ data: { cmd: 'NODE_X' } });
    return true;
  },

  // A message with a handle: until the other side has said something to it, all others wait.
  handle: () => new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      process.send({ jsonrpc: '2.0', method: 'tick', params: {} }, server);
      server.close(() => {});
      resolve(true);
    });
  }),

  // Its own end takes a while.
  linger: ([ms]) => void process.on('disconnect', () => setTimeout(() => {}, ms)),

  // It lives on without its channel.
  disconnect: () => {
    setInterval(() => {}, 1000);
    process.disconnect();
  },

  initialize: () => ({ capabilities: {} }),
};

async function answer({ id, method, params }) {
  if (!Object.hasOwn(methods, method)) {
    send({ id, error: { code: -32601, message: `There is no method “${method}”` } });
    return;
  }

  const result = await methods[method](params);

  if (process.connected)
    send({ id, result: result ?? null });
}

process.on('message', (message) => {
  if (message.method === undefined) {
    waiting.get(message.id)(message.result ?? message.error.code);
    waiting.delete(message.id);
  } else if (message.id !== undefined) {
    answer(message);
  } else {
    console.log(`told ${message.method}`);
  }
});

// Nothing more: a process that nothing keeps up ends by itself.
process.on('disconnect', () => console.log('disconnected'));

setTimeout(() => process.exit(9), 120 * 1000).unref();

if (process.argv[2] === '--can-shutdown')
  methods.shutdown = () => null;
