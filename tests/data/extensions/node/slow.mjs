// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Neither its activation nor, when that is let through, its deactivation comes to an end.

export async function activate(context) {
  if (!context.id.startsWith('stuck'))
    await context.call('probe/go');
}

export function deactivate() {
  console.log('never done');
  return new Promise(() => {});
}
