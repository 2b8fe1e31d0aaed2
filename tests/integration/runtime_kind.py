# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kinds of host runtimes, and the cases that all kinds have to pass."""

import contextlib
import functools
import pathlib
import shutil
import tempfile

import tap
from runtime import HOSTS, ROOT, Runtime

CASES = []


class Kind:
    """What is different between the runtimes; the tests of each add what an extension has to contain."""

    def __init__(self, name, suffix, trace):
        self.name = name
        self.suffix = suffix
        self.trace = trace
        self.program = HOSTS / f"extension-host-{name}"
        self.extensions = ROOT / "tests" / "data" / "extensions" / name
        self.examples = ROOT / "examples" / "extensions" / name

    def run(self, *arguments, **options):
        return Runtime(self.program, *arguments, **options)

    def extension(self, name):
        return self.extensions / (name + self.suffix)

    def example(self, name):
        return self.examples / (name + self.suffix)

    @contextlib.contextmanager
    def probe(self):
        """A runtime in which the extension “e” does what it is asked to."""
        with self.run() as runtime:
            runtime.activate(self.extension("probe"))
            yield runtime


def case(name):
    def remember(function):
        CASES.append((name, function))
        return function
    return remember


def register(kind):
    for name, function in CASES:
        tap.case(name)(functools.partial(function, kind))


@contextlib.contextmanager
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="extension host "))
    try:
        yield path
    finally:
        shutil.rmtree(path)
