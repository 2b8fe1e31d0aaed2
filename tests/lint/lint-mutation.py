#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The mutants of tests/mutation/mutants.toml fit the sources, and name tests that exist."""

import sys

from named_tests import explain_test
from source_tree import ROOT, expect_none
import tap

sys.path.insert(0, str(ROOT / "tests" / "mutation"))

import mutants  # pylint: disable=wrong-import-position

QUICK_MIN = 10


@tap.case("each mutant has a name of its own, and tests")
def test_names():
    names = [mutant.name for mutant in mutants.load()]
    expect_none([f"twice: {name}" for name in sorted(set(names)) if names.count(name) > 1] +
                [f"no tests: {mutant.name}" for mutant in mutants.load() if not mutant.tests],
                "In tests/mutation/mutants.toml:")


@tap.case("what a mutant changes is there, once")
def test_places():
    expect_none([problem for problem in (mutant.explain() for mutant in mutants.load()) if problem],
                "The sources have moved on: bring tests/mutation/mutants.toml up to date:")


@tap.case("the tests that are to catch the mutants exist")
def test_tests():
    expect_none([f"{mutant.name}: {test}: {explain_test(test)}"
                 for mutant in mutants.load() for test in mutant.tests if explain_test(test)],
                "Name the tests that there are:")


@tap.case("there are enough mutants that are tried before each merge")
def test_quick():
    n_quick = sum(mutant.quick for mutant in mutants.load())
    assert n_quick >= QUICK_MIN, f"{n_quick} are marked as quick, and {QUICK_MIN} are wanted"


tap.run()
