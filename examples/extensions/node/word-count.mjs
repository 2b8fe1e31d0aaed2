// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Counts the words of a document that the application holds. Shows how a command asks the application for
// something: the application offers the method document/get, with {"text": "…"} as its answer.

export function activate(context) {
  context.registerCommand('count', async ({ document }) => {
    const { text } = await context.call('document/get', { document }, { timeout: 5000 });

    return {
      words: text.match(/\S+/g)?.length ?? 0,
      lines: text.split('\n').length - 1,
      characters: [...text].length,
    };
  });
}
