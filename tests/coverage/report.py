#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints which share of the lines and branches was run, and judges it.

usage: report.py [--judge] SOURCE BUILD

BUILD was configured with -Db_coverage=true, and its programs have run. What the table is about are
the folders below. On stdout comes the table; with --judge the last lines are “case NAME RESULT” for
each folder that must reach the limit, and RESULT is OK or FAIL.
"""

import argparse
import json
import pathlib
import re
import subprocess

LIMIT = 90.0   # % of the lines
FOLDERS = {"src/extension-host": True, "src/shim": True, "src/tool": False}   # is it judged?


class Count:
    """How much of what there is was run."""

    def __init__(self):
        self.run = 0
        self.total = 0

    def add(self, run, total):
        self.run += run
        self.total += total

    def percent(self):
        return 100.0 * self.run / self.total if self.total > 0 else 0.0

    def __str__(self):
        return f"{self.percent():5.1f} %  {self.run:5} of {self.total:5}"


def count(source, build):
    """The files of the tree, as gcovr counted them; generated ones are not among them."""
    command = ["gcovr", "--root", source, "--object-directory", build, "--json-summary"]
    for folder in FOLDERS:
        command += ["--filter", re.escape(f"{source}/{folder}/")]
    output = subprocess.run(command + [build], check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output)["files"]


def print_table(files):
    """Returns the lines of each folder."""
    totals = {folder: (Count(), Count()) for folder in FOLDERS}

    print(f"{'lines':>23}  {'branches':>23}")
    for file in sorted(files, key=lambda file: file["filename"]):
        folder = str(pathlib.PurePath(file["filename"]).parent)
        lines, branches = Count(), Count()
        lines.add(file["line_covered"], file["line_total"])
        branches.add(file["branch_covered"], file["branch_total"])
        totals[folder][0].add(lines.run, lines.total)
        totals[folder][1].add(branches.run, branches.total)
        print(f"{lines}  {branches}  {file['filename']}")
    print()
    for folder, (lines, branches) in totals.items():
        print(f"{lines}  {branches}  {folder}")

    return {folder: lines for folder, (lines, _) in totals.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    arguments = parser.parse_args()

    totals = print_table(count(arguments.source.resolve(), arguments.build.resolve()))
    if not arguments.judge:
        return
    for folder, lines in totals.items():
        if FOLDERS[folder]:
            result = "OK" if lines.percent() >= LIMIT else "FAIL"
            print(f"case coverage-of-{folder} {result}")


main()
