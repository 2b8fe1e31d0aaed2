#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the test cases of a Meson test run.

usage: count-results.py [--case NAME=RESULT]… FOLDER…

Each FOLDER holds testlog.junit.xml and testlog.json of one run. RESULT is OK, FAIL or SKIP: of a
case that Meson does not know. The failed cases are listed; the
last line is “N passed, N failed, N skipped”. The status is 1 if one failed or if there was none.
"""

import argparse
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

GOOD = ("OK", "EXPECTEDFAIL")
SKIPPED = ("SKIP", "IGNORED")


class Counts:
    def __init__(self):
        self.passed = 0
        self.skipped = 0
        self.failures = []

    def add_program(self, name, result):
        """A program that counts as one case."""
        if result in GOOD:
            self.passed += 1
        elif result in SKIPPED:
            self.skipped += 1
        else:
            self.failures.append(f"{name}: {result.lower()}")

    def add_cases(self, name, result, suite):
        """A program that reported its cases."""
        failed = 0
        for case in suite.iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                self.failures.append(f"{name}: {case.get('name')}")
                failed += 1
            elif case.find("skipped") is not None:
                self.skipped += 1
            else:
                self.passed += 1
        # One that crashed or timed out may have left only good cases behind.
        if failed == 0 and result not in GOOD + SKIPPED:
            self.failures.append(f"{name}: {result.lower()}")


def add_run(folder, counts):
    """Meson has a suite “project.test” for each program that reports cases."""
    suites = {suite.get("name").partition(".")[2]: suite for suite in
              ElementTree.parse(folder / "testlog.junit.xml").getroot().iter("testsuite")}
    log = (folder / "testlog.json").read_text(encoding="utf-8", errors="replace")
    for test in map(json.loads, log.splitlines()):
        name, result = test["name"], test["result"]
        if name in suites:
            counts.add_cases(name, result, suites[name])
        else:
            counts.add_program(name, result)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()

    counts = Counts()
    for folder in arguments.folders:
        add_run(folder, counts)
    for case in arguments.case:
        counts.add_program(*case.split("="))

    if counts.failures:
        print("Failed:")
        for failure in counts.failures:
            print(f"  {failure}")
    total = counts.passed + counts.skipped + len(counts.failures)
    if total == 0:
        print("No test was run")
    print(f"{counts.passed} passed, {len(counts.failures)} failed, {counts.skipped} skipped")
    return 1 if counts.failures or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
