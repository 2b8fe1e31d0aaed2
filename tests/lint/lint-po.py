#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""po/POTFILES lists every file with text to translate, and nothing else."""

import re

from source_tree import ROOT, expect_none, read, relative, sources
import tap

POTFILES = ROOT / "po" / "POTFILES"
MARK = re.compile(r'(?<![\w"])(?:_|N_|C_|NC_|ngettext|g_dngettext)\s*\(\s*"')


def listed():
    return [line for line in read(POTFILES).splitlines() if line and not line.startswith("#")]


def marked():
    return [relative(path) for path in sources(".c", ".h", folder=ROOT / "src")
            if MARK.search(re.sub(r"/\*.*?\*/", "", read(path), flags=re.DOTALL))]


@tap.case("POTFILES lists every file with text to translate")
def test_complete():
    expect_none(sorted(set(marked()) - set(listed())), "Add these to po/POTFILES:")


@tap.case("POTFILES lists no file without")
def test_no_more():
    expect_none(sorted(set(listed()) - set(marked())), "Take these out of po/POTFILES:")


@tap.case("POTFILES is sorted")
def test_sorted():
    assert listed() == sorted(listed()), "Sort po/POTFILES"


tap.run()
