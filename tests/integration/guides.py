# SPDX-License-Identifier: LGPL-2.1-or-later
"""The code in the guides of docs/: the blocks, what is said of each, and how snippets compile by themselves.

A comment before a block says what a reader does with it:

  <!-- file: NAME -->          saves it under that name
  <!-- meanwhile: HOST -->     runs its command in another terminal, where that host is seen on the bus
  <!-- needs: PACKAGE -->      has to have that installed
  <!-- not run: REASON -->     does it elsewhere
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

BLOCK = re.compile(r"(?:^<!-- ([a-z -]+): ([^\n]*?) -->\n)?^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Block:
    def __init__(self, page, match):
        self.order, self.argument, self.language, self.text = match.groups()
        self.line = page.read_text(encoding="utf-8").count("\n", 0, match.start(4)) + 1
        self.page = page

    @property
    def where(self):
        return f"docs/{self.page.name}:{self.line}"

    def commands(self):
        """What is typed after each “$ ”, and what it prints."""
        session = re.sub(r"\\\n\s*", "", self.text)
        return [(part.partition("\n")[0], part.partition("\n")[2]) for part in session.split("$ ")[1:]] \
            if session.startswith("$ ") else []


def pages():
    return sorted(DOCS.glob("*.md"))


def blocks(page):
    return [Block(page, match) for match in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def all_blocks(language):
    return [block for page in pages() for block in blocks(page) if block.language == language]


# What the guides take for granted in their snippets. A block that declares one itself hides it.
PRELUDE = """
#include <extension-host.h>

#define RUNTIME_DIR "/usr/libexec/extension-host"

extern ExtensionHostExtension *words;
extern ExtensionHostManager *manager;
extern ExtensionHostProcess *host;
extern ExtensionHostSpec *spec;
extern GApplication *application;
extern GCancellable *cancellable;
extern JsonNode *arguments;
extern JsonNode *params;
extern gpointer user_data;
"""


def c_parts(text):
    """The functions with the includes before them, and the statements that stand between or after them."""
    outside, inside, in_function = [], [], False
    for line in text.splitlines():
        if re.match(r"static \w[\w *]*$|int$|#include", line):
            in_function = not line.startswith("#")
            outside.append(line)
        elif in_function:
            outside.append(line)
            in_function = line != "}"
        else:
            inside.append(line)
    return "\n".join(outside), "\n".join(inside)


def c_program(block):
    """A snippet as a program that can be compiled, though not linked"""
    outside, inside = c_parts(block.text)
    called = set(re.findall(r"\bon_\w+", block.text)) - set(re.findall(r"^(on_\w+) \(", outside, re.MULTILINE))
    prototypes = [f"extern void {name} (GObject *source, GAsyncResult *result, gpointer data);"
                  for name in sorted(called)]
    # What a snippet looks at in an error that it does not declare is that of the function that it is a part of.
    error = "" if re.search(r"GError\) error", inside) else "g_autoptr(GError) error G_GNUC_UNUSED = NULL;\n"
    return "\n".join([PRELUDE, *prototypes, outside, "extern void snippet (void);", "void snippet (void)", "{", error,
                      f'#line {block.line} "{block.page}"' if not outside else "", inside, "}", ""])


def vala_program(block):
    """Statements are those of a method that may wait and fail."""
    if re.search(r"^(?!//)\w[^=;]*\{$", block.text, re.MULTILINE):
        return block.text
    return "\n".join(["async void snippet (ExtensionHost.Process host, ExtensionHost.Manager manager) throws Error {",
                      block.text, "}", "void main () {}", ""])
