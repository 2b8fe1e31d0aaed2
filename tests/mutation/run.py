#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Breaks what the tests guard, one thing at a time, and demands that a test fails.

Each mutant of mutants.toml is put into a copy of the tree, which is built, and the tests that it names are
run. They must pass before: a test that fails anyway guards nothing. The last line is “N passed, N failed,
N skipped”, counting mutants: one that is caught has passed.
"""

import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import mutants
from programs import Programs, adopt_orphans, ran

COPY = pathlib.Path(os.environ.get("BUILD_DIR", mutants.ROOT / "_build-mutation")).absolute()
SETUP = ["-Dbuildtype=debug", "-Dintrospection=disabled", "-Dvapi=disabled", "-Ddocs=disabled",
         "-Dtests=enabled", "-Dtool=enabled"]
TIMEOUT = 60   # s, for the cases of one program; unbroken, and alone, they take less than 10


def fail(text):
    print(text)
    print("0 passed, 1 failed, 0 skipped")
    sys.exit(1)


# The copy

def is_build(folder):
    return (folder / "meson-private").exists()


def source_files(folder):
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders
                      if not name.startswith(("_", ".git")) and not is_build(pathlib.Path(path, name))]
        for name in names:
            yield pathlib.Path(path, name).relative_to(folder)


def make_copy(tree):
    """Only what differs is written, so that only that is built."""
    wanted = set(source_files(mutants.ROOT))
    for name in wanted:
        source, target = mutants.ROOT / name, tree / name
        if target.exists() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        shutil.copymode(source, target)
    for name in set(source_files(tree)) - wanted:
        (tree / name).unlink()


def set_up(tree, build):
    again = ["--reconfigure"] if (build / "build.ninja").exists() else []
    done = subprocess.run(["meson", "setup", *again, *SETUP, build, tree], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fail(f"The copy cannot be configured:\n{done.stdout}{done.stderr}")


# Building and running

class Bench:
    def __init__(self, tree, build):
        self.tree = tree
        self.build = build
        self.programs = Programs(build)

    def make(self, tests):
        """What the compiler has against it; nothing, if it builds."""
        targets = sorted(set().union(*(self.programs.targets(program) for program in group(tests))))
        done = subprocess.run(["ninja", "-C", self.build, *targets], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        return done.stdout + done.stderr if done.returncode != 0 else None

    def find_failure(self, tests):
        """The first program that fails, with its output; nothing, if all pass."""
        for program, cases in group(tests).items():
            status, output = self.programs.run(program, cases, TIMEOUT)
            if status != 0:
                return program, describe_end(status), output
        return None


def describe_end(status):
    if status is None:
        return "takes for ever"
    return f"exits with {status}" if status > 0 else f"ends by {signal.Signals(-status).name}"


def group(tests):
    """program → its cases"""
    programs = {}
    for test in tests:
        program, case = test.split(":", 1)
        programs.setdefault(program, []).append(case)
    return programs


# The unbroken tree

def find_unavailable(bench, tests):
    """The tests that this machine leaves out. All others must pass, the second time at the latest: a busy
    machine is no reason to give up."""
    missing = [test for test in tests if not bench.programs.has(test.split(":")[0])]
    tests = [test for test in tests if test not in missing]

    problem = bench.make(tests)
    if problem:
        fail(f"The unbroken tree does not build:\n{problem}")

    for program, cases in group(tests).items():
        status, output = bench.programs.run(program, cases, TIMEOUT)
        if status != 0:
            status, output = bench.programs.run(program, cases, TIMEOUT)
        if status != 0:
            fail(f"{output}\nThe unbroken tree fails {program}")
        for case in cases:
            how = ran(output, case)
            if how is None:
                fail(f"{output}\n{program} has no case {case}")
            if how == "skipped":
                missing.append(f"{program}:{case}")
    return missing


# Mutants

def try_mutant(bench, mutant, tests):
    """What to say of it, and whether it is caught."""
    path = bench.tree / mutant.file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        problem = bench.make(tests)
        if problem:
            return f"DOES NOT BUILD\n{problem}", False
        failure = bench.find_failure(tests)
    finally:
        path.write_text(text, encoding="utf-8")
    if failure is None:
        return f"NOT CAUGHT by {', '.join(tests)}", False
    program, how, _output = failure
    return f"caught by {program}, which {how}", True


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="not only those that are quick")
    parser.add_argument("--only", metavar="NAME", action="append", help="this mutant; may be repeated")
    parser.add_argument("--list", action="store_true", help="show them all, and stop")
    return parser.parse_args()


def choose(arguments):
    table = mutants.load()
    unknown = set(arguments.only or []) - {mutant.name for mutant in table}
    if unknown:
        fail(f"There is no mutant {', '.join(sorted(unknown))}; --list shows them")
    if arguments.only:
        return [mutant for mutant in table if mutant.name in arguments.only]
    return [mutant for mutant in table if mutant.quick or arguments.all or arguments.list]


def main():
    arguments = parse_arguments()
    chosen = choose(arguments)
    if arguments.list:
        for mutant in chosen:
            print(f"{mutant.name}{' (quick)' if mutant.quick else ''}: {mutant.breaks}")
        return
    stale = [problem for problem in (mutant.explain() for mutant in chosen) if problem]
    if stale:
        fail("\n".join(stale))

    adopt_orphans()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))   # ends what was begun
    make_copy(COPY / "tree")
    set_up(COPY / "tree", COPY / "build")
    bench = Bench(COPY / "tree", COPY / "build")
    unavailable = find_unavailable(bench, list(dict.fromkeys(t for mutant in chosen for t in mutant.tests)))

    passed = failed = skipped = 0
    for mutant in chosen:
        tests = [test for test in mutant.tests if test not in unavailable]
        if not tests:
            print(f"{mutant.name}: skipped, as this machine leaves out {', '.join(mutant.tests)}", flush=True)
            skipped += 1
            continue
        began = time.monotonic()
        verdict, is_caught = try_mutant(bench, mutant, tests)
        print(f"{mutant.name}: {mutant.breaks}: {verdict} ({time.monotonic() - began:.1f} s)", flush=True)
        passed += is_caught
        failed += not is_caught

    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
