// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Lines in, lines out, over two descriptors of any kind.

import fs from 'node:fs';
import net from 'node:net';
import tty from 'node:tty';

const NEWLINE = 10;

// While more than this waits for the application to read it, no more of its requests are read.
const OUTPUT_MAX = 8 * 1024 * 1024;

function isPipe(fd) {
  const stat = fs.fstatSync(fd);

  return stat.isFIFO() || stat.isSocket();
}

function openInput(fd) {
  if (tty.isatty(fd))
    return new tty.ReadStream(fd);
  if (isPipe(fd))
    return new net.Socket({ fd, readable: true, writable: false });
  return fs.createReadStream(null, { fd });
}

function openOutput(fd) {
  if (tty.isatty(fd))
    return new tty.WriteStream(fd);
  if (isPipe(fd))
    return new net.Socket({ fd, readable: false, writable: true, writableHighWaterMark: OUTPUT_MAX });
  return fs.createWriteStream(null, { fd, highWaterMark: OUTPUT_MAX });
}

export class Wire {
  #input;
  #output;
  #partial = [];
  #broken = false;

  constructor(input, output) {
    this.#input = openInput(input);
    this.#output = openOutput(output);
  }

  start({ onLine, onProblem, onEnd }) {
    let ended = false;
    const end = () => {
      if (ended)
        return;
      ended = true;
      if (this.#partial.length > 0)
        onProblem('The input ended in the middle of a line');
      onEnd();
    };

    this.#input.on('data', (chunk) => this.#split(chunk, onLine));
    this.#input.on('end', end);
    this.#input.on('error', end);
    this.#output.on('drain', () => this.#input.resume());
    // Nobody reads what we say any more.
    this.#output.on('error', () => {
      this.#broken = true;
      end();
    });
  }

  // Pieces are put together once, when the line is complete: a long one comes in many.
  #split(chunk, onLine) {
    let start = 0;

    for (let end; (end = chunk.indexOf(NEWLINE, start)) >= 0; start = end + 1) {
      const line = Buffer.concat([...this.#partial, chunk.subarray(start, end)]);

      this.#partial = [];
      onLine(line);
    }
    if (start < chunk.length)
      this.#partial.push(chunk.subarray(start));
  }

  send(line) {
    if (!this.#broken && !this.#output.write(line + '\n'))
      this.#input.pause();
  }

  // In bytes, or in characters.
  get queued() {
    return this.#output.writableLength;
  }

  // Resolves when all has left, or when it will not leave in time.
  flush(deadline) {
    return new Promise((resolve) => {
      if (this.#broken)
        resolve();
      setTimeout(resolve, Math.max(0, deadline - performance.now()));
      this.#output.write('', () => resolve());
    });
  }
}
