// SPDX-License-Identifier: LGPL-2.1-or-later
//
// About the smallest extension host there is: it does its work (it counts), says so on stdout,
// and leaves when its input is closed, which is how it is asked to.

let ticks = 0;

console.error(`ticker on Node.js ${process.version}`);

const timer = setInterval(() => console.log(`tick ${++ticks}`), 500);

process.stdin.resume();
process.stdin.on('end', () => {
  clearInterval(timer);
  console.error(`leaving after ${ticks} ticks`);
});
