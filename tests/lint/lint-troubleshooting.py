#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The messages that docs/troubleshooting.md quotes are those of the sources, so that they can be searched for."""

import re

from source_tree import ROOT, expect_none, read, sources
import tap

PAGE = ROOT / "docs" / "troubleshooting.md"
LITERAL = r'"(?:\\.|[^"\\\n])*"'
# Adjacent literals are one text, and macros between them are parts of formats, such as G_GSIZE_FORMAT.
LITERALS = re.compile(rf"{LITERAL}(?:\s*(?:G_G[A-Z0-9]+_FORMAT\s*)?{LITERAL})*")
DIRECTIVE = re.compile(r"%(?:[-+ 0#]*\d*(?:\.\d+)?(?:l{1,2}|z)?[a-zA-Z]|(?=\0))\0?")


def join(literals):
    text = re.sub(r'"\s*G_G[A-Z0-9]+_FORMAT\s*"', "\0", literals)
    return re.sub(r'"\s*"', "", text)[1:-1].replace('\\"', '"')


def messages():
    """All texts of the sources, with … for what is filled in"""
    return {DIRECTIVE.sub("…", join(literals))
            for path in sources(".c", folder=ROOT / "src") for literals in LITERALS.findall(read(path))}


def quoted():
    return re.findall(r"^> `(.*)`$", read(PAGE), re.MULTILINE)


@tap.case("each message that is quoted is one of the sources")
def test_messages():
    known = messages()
    assert len(known) > 1000 and len(quoted()) > 30, "this lint looks elsewhere"
    expect_none([text for text in quoted() if text not in known], "No source says that:")


@tap.case("no line is quoted in another way, and none twice")
def test_form():
    lines = re.findall(r"^>.*", read(PAGE), re.MULTILINE)
    assert len(lines) == len(quoted()) == len(set(quoted())), "write each as “> `message`”, once"


tap.run()
