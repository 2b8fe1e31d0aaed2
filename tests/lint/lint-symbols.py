#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The symbols that the shared library exports are those of symbols.txt.

usage: lint-symbols.py LIBRARY [--update]
"""

import pathlib
import subprocess
import sys

from source_tree import LIBRARY, read, sources
import tap

LIST = pathlib.Path(__file__).with_name("symbols.txt")
# What a sanitizer or the linker adds is not ours.
FOREIGN = ("__asan", "__ubsan", "__odr_asan", "__sanitizer", "_init", "_fini", "__bss_start",
           "_edata", "_end")


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library],
                           check=True, capture_output=True, text=True).stdout.splitlines()
    names = {line.split()[-1].partition("@")[0] for line in lines if line.split()}
    return sorted(name for name in names if not name.startswith(FOREIGN))


def listed():
    return [line for line in read(LIST).splitlines() if line and not line.startswith("#")]


def main():
    library = sys.argv[1]
    if "--update" in sys.argv[2:]:
        LIST.write_text("# SPDX-License-Identifier: LGPL-2.1-or-later\n"
                        "# What the library exports; written by lint-symbols.py --update.\n" +
                        "".join(name + "\n" for name in exported(library)), encoding="utf-8")
        return

    @tap.case("the library exports what symbols.txt lists")
    def _exported():
        now, then = set(exported(library)), set(listed())
        assert now == then, "\n".join(
            [f"new: {name}" for name in sorted(now - then)] +
            [f"gone: {name}" for name in sorted(then - now)] +
            ["If that is meant: tests/lint/lint-symbols.py LIBRARY --update"])

    @tap.case("every exported symbol is declared in a public header")
    def _declared():
        headers = "".join(read(path) for path in sources(".h", folder=LIBRARY)
                          if not path.name.endswith("-private.h"))
        # The types of the enumerations come from a generated header.
        lost = [name for name in exported(library)
                if name not in headers and not name.endswith("_get_type")]
        assert not lost, "No public header declares " + ", ".join(lost)

    del sys.argv[1:]
    tap.run()


main()
