# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests in Python that print TAP, with the standard library only.

A program lists its cases with @case and ends with run(). A case fails by raising, and is left out
by raising Skip.
"""

import sys
import traceback

_cases = []


class Skip(Exception):
    """This machine or this build lacks what the case needs."""


def case(name):
    def register(function):
        _cases.append((name, function))
        return function
    return register


def _explain(text):
    """On stderr, which is what Meson shows of a test that failed."""
    sys.stdout.flush()
    for line in text.rstrip().splitlines():
        print(f"# {line}", file=sys.stderr, flush=True)


def run():
    """Runs the cases, or those whose names contain an argument of the command line."""
    wanted = sys.argv[1:]
    cases = [c for c in _cases if not wanted or any(word in c[0] for word in wanted)]
    failed = 0

    print("TAP version 13")
    print(f"1..{len(cases)}", flush=True)
    for number, (name, function) in enumerate(cases, 1):
        try:
            function()
            print(f"ok {number} {name}", flush=True)
        except Skip as reason:
            print(f"ok {number} {name} # SKIP {reason}", flush=True)
        except AssertionError as error:
            failed += 1
            print(f"not ok {number} {name}")
            _explain(str(error) or traceback.format_exc())
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} {name}")
            _explain(traceback.format_exc())

    sys.exit(1 if failed else 0)
