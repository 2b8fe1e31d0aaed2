# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tries the benchmarks of supervision in small: whether each measures what it should, in lines that can be
read. What comes out does not matter here."""

import collections
import json
import os
import subprocess
import sys

# How many lines there are of each measure and client
EXPECTED = {
    "bench-spawn": {
        ("start-call", "library"): 2, ("start-call", "gsubprocess"): 2,
        ("exit-to-signal", "library"): 3, ("exit-to-signal", "gsubprocess"): 3,
        ("kill-to-restart", "library"): 1, ("kill-to-restart", "gsubprocess"): 1,
    },
    "bench-idle": {
        ("memory-application", "library"): 1, ("memory-application", "gsubprocess"): 1,
        ("memory-shim", "library"): 1, ("idle-wakeups", "library"): 4,
    },
    "bench-smooth": {
        ("smoothness", "none"): 1, ("smoothness", "library"): 3, ("smoothness", "gsubprocess"): 1,
    },
}


def check_line(line):
    if "reason" in line:
        return
    assert line["unit"], line
    if "p50" in line:
        assert line["n"] >= 1 and line["p50"] <= line["p99"] <= line["max"], line
    else:
        assert isinstance(line["value"], (int, float)), line


def check(program):
    output = subprocess.run([program, "--quick"], stdout=subprocess.PIPE, text=True, check=True,
                            timeout=50).stdout
    lines = [json.loads(text) for text in output.splitlines()]
    counts = collections.Counter((line["measure"], line["client"]) for line in lines)
    assert counts == EXPECTED[os.path.basename(program)], counts
    for line in lines:
        check_line(line)


def main():
    print(f"1..{len(sys.argv) - 1}")
    failed = False
    for number, program in enumerate(sys.argv[1:], 1):
        name = os.path.basename(program)
        try:
            check(program)
            print(f"ok {number} {name}")
        except (AssertionError, KeyError, ValueError, subprocess.SubprocessError) as error:
            failed = True
            print(f"not ok {number} {name}\n# {error!r}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
