#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every row of tests/ACCEPTANCE.md has its number, and a test that exists or a reason why it has none."""

import re

from named_tests import explain_test
from source_tree import ROOT, expect_none, read
import tap

TABLE = ROOT / "tests" / "ACCEPTANCE.md"
SECTIONS = {"S0": 47, "S1": 54, "S2": 64, "S3": 12, "S4": 36, "C": 39, "D": 19, "X": 12}
HEADINGS = ("| id |", "|---|")
REASON = re.compile(r"— (not built|does not apply|untested): \S.*")


# The table

def rows():
    """What stands between the bars, of each line that looks like a row."""
    return [[cell.strip() for cell in line.strip().strip("|").split("|")]
            for line in read(TABLE).splitlines()
            if line.startswith("|") and not line.startswith(HEADINGS)]


def named_tests():
    return [(row[0], name) for row in rows() if len(row) == 3 for name in re.findall(r"`([^`]*)`", row[2])]


def explain_test_cell(cell):
    """What is wrong with it; nothing, if it names tests or gives a reason."""
    if cell.startswith("—"):
        return None if REASON.fullmatch(cell) else "a dash wants one of the reasons"
    if not re.fullmatch(r"`[^`]+`(, `[^`]+`)*(; [^`]+)?", cell):
        return "neither tests nor a reason"
    return None


# What has to hold

@tap.case("the rows are numbered without a gap, and each is there once")
def test_numbers():
    expected = [f"{section}-{number:02}" for section, count in SECTIONS.items()
                for number in range(1, count + 1)]
    found = [row[0] for row in rows()]
    expect_none([f"missing: {id}" for id in expected if id not in found] +
                [f"twice: {id}" for id in sorted(set(found)) if found.count(id) > 1] +
                [f"unknown: {id}" for id in found if id not in expected],
                "The rows are those of SECTIONS in tests/lint/lint-acceptance.py:")
    assert found == expected, "The rows are not in order"


@tap.case("each row says what must hold, and names a test or has a reason why there is none")
def test_rows():
    expect_none([f"{row[0]}: {len(row)} cells instead of 3" for row in rows() if len(row) != 3] +
                [f"{row[0]}: nothing that must hold" for row in rows() if len(row) == 3 and not row[1]] +
                [f"{row[0]}: {explain_test_cell(row[2])}" for row in rows()
                 if len(row) == 3 and explain_test_cell(row[2])],
                "Write `suite/program:case`, or “— ” and a reason:")


@tap.case("the tests that are named exist")
def test_tests():
    expect_none([f"{id}: {name}: {explain_test(name)}" for id, name in named_tests() if explain_test(name)],
                "Name the tests that there are:")


tap.run()
