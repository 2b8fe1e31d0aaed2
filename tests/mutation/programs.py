# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test programs of a build folder, and what is left of them."""

import ctypes
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile

PR_SET_CHILD_SUBREAPER = 36
PERTURB = {"MALLOC_PERTURB_": "85"}   # what is freed looks like nothing that was there
PASSED = re.compile(r"^ok \d+ (?!.*# SKIP)(.+?)\s*$", re.MULTILINE)
SKIPPED = re.compile(r"^ok \d+ (.+?) # SKIP", re.MULTILINE)


def adopt_orphans():
    """What a test leaves behind comes to us, however it hides: mutants do leave some."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot become a subreaper")


def _children():
    found = []
    for task in pathlib.Path("/proc/self/task").iterdir():
        found += [int(pid) for pid in (task / "children").read_text(encoding="ascii").split()]
    return found


def end_orphans():
    """Ends all of our children, and those that come to us then. We have none of our own by now."""
    while True:
        for pid in _children():
            os.kill(pid, signal.SIGKILL)   # not reaped yet, so the number is theirs
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


class Programs:
    """Those that Meson knows of."""

    def __init__(self, build):
        self.build = build
        self._tests = {(suite.split(":")[-1], test["name"]): test
                       for test in self._introspect("--tests") for suite in test["suite"]}
        self._made = {made: target["name"]
                      for target in self._introspect("--targets") if target["type"] == "executable"
                      for made in target["filename"]}

    def _introspect(self, what):
        return json.loads(subprocess.run(["meson", "introspect", what, self.build], check=True,
                                         capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout)

    def has(self, program):
        return tuple(program.split("/")) in self._tests

    def targets(self, program):
        """What ninja has to make: the program, and those that it is told of."""
        test = self._tests[tuple(program.split("/"))]
        words = [*test["cmd"], *test["env"].values()]
        return {os.path.relpath(word, self.build) for word in words if word in self._made}

    def run(self, program, cases, timeout):
        """The exit status, None if it took too long, and the output."""
        test = self._tests[tuple(program.split("/"))]
        chosen = [word for case in cases for word in (("-p", case) if case.startswith("/") else (case,))]
        output = self.build / "mutation-output"   # a pipe would be kept open by what is left behind
        with (output.open("wb") as file,
              tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as temporary):
            process = subprocess.Popen([*test["cmd"], *chosen], stdin=subprocess.DEVNULL, stdout=file,
                                       stderr=subprocess.STDOUT, cwd=test["workdir"] or self.build,
                                       env={**os.environ, **PERTURB, "TMPDIR": temporary, **test["env"]},
                                       start_new_session=True)
            try:
                status = process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                status = None
            finally:
                end_orphans()   # and the program itself, if somebody interrupts us: it has a session of its own
        return status, output.read_text(encoding="utf-8", errors="replace")


def ran(output, case):
    """“passed” or “skipped” if the output of a program without failures has the case, else nothing."""
    for pattern, word in ((PASSED, "passed"), (SKIPPED, "skipped")):
        if any(found == case or found.startswith(case + "/") for found in pattern.findall(output)):
            return word
    return None
