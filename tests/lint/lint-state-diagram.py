#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The picture of the states shows the table of transitions.

usage: lint-state-diagram.py GENERATOR [--update]
"""

import re
import subprocess
import sys
from xml.etree import ElementTree

from source_tree import LIBRARY, ROOT, read, relative
import tap

PICTURE = ROOT / "docs" / "lifecycle.svg"


def generate(generator):
    done = subprocess.run([generator], check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


def main():
    generator = sys.argv[1]
    if "--update" in sys.argv[2:]:
        PICTURE.write_text(generate(generator), encoding="utf-8")
        return

    @tap.case(f"{relative(PICTURE)} is what the table of transitions makes of it")
    def _current():
        assert read(PICTURE) == generate(generator), \
            f"{relative(PICTURE)} is stale: tests/lint/lint-state-diagram.py {generator} --update"

    @tap.case("it is XML, with a box for each state and an arrow for each edge")
    def _whole():
        picture = ElementTree.fromstring(read(PICTURE))
        classes = [element.get("class") for element in picture.iter()]
        table = re.findall(r"\{ S \((\w+)\), +S \((\w+)\)", read(LIBRARY / "extension-host-state.c"))
        framed = [edge for edge in table if edge[1] == "STOPPING"]
        assert classes.count("state") == len({state for edge in table for state in edge})
        # One arrow stands for all in the frame, and one more shows where a host begins.
        assert len(framed) > 1 and classes.count("arrow") == len(table) - len(framed) + 2

    del sys.argv[1:]
    tap.run()


main()
