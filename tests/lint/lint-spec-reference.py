#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lists of the keys of *.exthost files are those of the library.

usage: lint-spec-reference.py GENERATOR [--update]

Each page has the list between two lines of comment, and text by hand around it.
"""

import re
import subprocess
import sys

from source_tree import LIBRARY, ROOT, expect_none, find_lines, read, relative, sources
import tap

PAGES = {
    "markdown": (ROOT / "docs" / "exthost.md",
                 "<!-- begin of what spec-reference prints -->\n",
                 "\n<!-- end of what spec-reference prints -->\n"),
    "man": (ROOT / "data" / "extension-host.exthost.5",
            '.\\" begin of what spec-reference prints\n',
            '.\\" end of what spec-reference prints\n'),
}

# Files that read every property whether it does something or not
INDIFFERENT = re.compile(r"extension-host-(spec(-\w+)*|process-describe)\.c$")

# What the library asks for instead of the property itself
MEANINGS = {
    "environment": "dup_environ",
    "clear-environment": "dup_environ",
    "transport": "uses_ipc",
    "protocol": "get_preset",
    "no-restart-exits": "is_final_exit",
}


def generate(generator, output):
    return subprocess.run([generator, output], check=True, capture_output=True,
                          encoding="utf-8").stdout


def renew(generator, output):
    """The page as it is, and as it should be."""
    path, begin, end = PAGES[output]
    text = read(path)
    assert text.count(begin) == 1 and text.count(end) == 1, \
        f"{relative(path)} needs the lines\n{begin}{end}"
    head, rest = text.split(begin)
    _old, tail = rest.split(end)
    return text, head + begin + generate(generator, output) + end + tail


def readers(name):
    """Where the library reads a property apart from the code that is for all of them."""
    field = name.replace("-", "_")
    meaning = MEANINGS.get(name, f"(?:get|dup)_{field}")
    pattern = rf"\bspec\s*->\s*{field}\b|\bextension_host_spec_{meaning}\b"
    return find_lines(pattern, [path for path in sources(".c", folder=LIBRARY)
                                if not INDIFFERENT.search(path.name)])


def main():
    generator = sys.argv[1]
    if "--update" in sys.argv[2:]:
        for output, (path, _begin, _end) in PAGES.items():
            path.write_text(renew(generator, output)[1], encoding="utf-8")
        return

    for output, (path, _begin, _end) in PAGES.items():
        @tap.case(f"{relative(path)} lists the keys as the library has them")
        def _current(output=output, path=path):
            now, then = renew(generator, output)
            assert now == then, \
                f"{relative(path)} is stale: " \
                f"tests/lint/lint-spec-reference.py {generator} --update"

    @tap.case("no property does nothing")
    def _read():
        expect_none([name for name in generate(generator, "names").split() if not readers(name)],
                    "Nothing in the library but the files that read and write specs looks at these:")

    del sys.argv[1:]
    tap.run()


main()
