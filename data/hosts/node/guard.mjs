// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An extension must not end the host with an error that nobody catches, nor by process.exit().

import { messageOf, stackOf } from './errors.mjs';
import { currentScope } from './scope.mjs';

export function guardProcess(log, host) {
  const onStray = (error) => {
    const scope = currentScope();
    // Node forgets the scope of some callbacks; the stack may still name a file of the extension.
    const extension = scope?.extension ?? host.findByStack(stackOf(error));

    log.write('error', `Uncaught: ${stackOf(error) ?? messageOf(error)}`, extension);
    scope?.job?.break(error);
  };

  process.on('uncaughtException', onStray);
  process.on('unhandledRejection', onStray);

  process.exit = (code) => {
    throw new Error(`process.exit(${code ?? ''}) was called: an extension cannot end its host`);
  };
}
