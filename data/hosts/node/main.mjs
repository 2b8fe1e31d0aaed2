// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The host runtime for extensions in JavaScript. extension-host-node starts it, with the messages of the
// application on descriptor 3 and those to the application on 4.

import { syncBuiltinESMExports } from 'node:module';

import { captureConsole } from './console.mjs';
import { guardProcess } from './guard.mjs';
import { Host } from './host.mjs';
import { Log } from './log.mjs';
import { Peer } from './peer.mjs';
import { Wire } from './wire.mjs';

const INPUT = 3;
const OUTPUT = 4;

const wire = new Wire(INPUT, OUTPUT);
const peer = new Peer(wire);
const log = new Log(peer);
const exit = process.exit.bind(process);
const host = new Host(peer, log, async (deadline) => {
  await wire.flush(deadline);
  // What extensions do at the exit may throw; a second call goes past it.
  try {
    exit(0);
  } finally {
    exit(0);
  }
});

captureConsole(log);
guardProcess(log, host);
// What was replaced is also exported by node:console and node:process.
syncBuiltinESMExports();
wire.start({
  onLine: (line) => peer.receive(line),
  onProblem: (text) => log.write('warning', text),
  onEnd: () => {
    peer.close();
    host.finish();
  },
});
peer.start(host.methods, (text) => log.write('warning', text));
peer.notify('host/ready');
