# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the command extension-host for a test, and sees to it that nothing of it is left.

EXTENSION_HOST_TOOL names the command and EXTENSION_HOST_SHIM the helper.
"""

import json
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import time
import uuid

TOOL = os.environ.get("EXTENSION_HOST_TOOL", "extension-host")
MARK = "EXTENSION_HOST_TEST_MARK"
DEADLINE = 30
CLEAN = ["starting", "running", "stopping", "stopped"]   # the states of a run without failures


def wait_until(condition, what, seconds=DEADLINE):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"gave up waiting until {what}"
        time.sleep(0.01)


def find_marked(mark):
    """The processes with that mark in their environment: what a test has left."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                if wanted in file.read().split(b"\0"):
                    found.append(int(entry))
        except OSError:
            pass
    return found


class Tool:
    """One run of the command; on leaving, nothing of it may be left."""

    def __init__(self, *arguments, environment=None, stdin=subprocess.DEVNULL,
                 stdout=subprocess.PIPE, **options):
        self.mark = uuid.uuid4().hex
        self.lines = []
        self.partial = b""
        variables = {key: value for key, value in os.environ.items()
                     if key not in ("NO_COLOR", "PYTHONUNBUFFERED", "LC_ALL")}
        variables.update({"LC_ALL": "C.UTF-8", MARK: self.mark}, **(environment or {}))
        # Under nohup, as some run their tests, it would be inherited as ignored.
        options.setdefault("preexec_fn", lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
        self.stderr_file = tempfile.TemporaryFile()
        self.process = subprocess.Popen([TOOL, *arguments], env=variables,
                                        stdin=stdin, stdout=stdout,
                                        stderr=self.stderr_file, **options)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        try:
            wait_until(lambda: not find_marked(self.mark), "nothing is left running", DEADLINE)
        except AssertionError:
            left = find_marked(self.mark)
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            if kind is None:
                raise AssertionError(f"{len(left)} processes were left running") from None
        finally:
            self.stderr_file.close()

    @property
    def stderr(self):
        # The offset is shared with the command: reading must not move it.
        return os.pread(self.stderr_file.fileno(), 1 << 20, 0).decode()

    def read_line(self):
        """The next line of stdout, or None at its end."""
        fd = self.process.stdout.fileno()
        end = time.monotonic() + DEADLINE
        while b"\n" not in self.partial:
            ready, _, _ = select.select([fd], [], [], max(0, end - time.monotonic()))
            assert ready, f"gave up waiting for a line after {self.lines[-3:]}; {self.stderr}"
            data = os.read(fd, 65536)
            if not data:
                assert not self.partial, "the last line is not finished"
                return None
            self.partial += data
        line, _, self.partial = self.partial.partition(b"\n")
        self.lines.append(line.decode())
        return self.lines[-1]

    def read_until(self, condition, what):
        while True:
            line = self.read_line()
            assert line is not None, f"stdout ended before {what}: {self.lines[-5:]} {self.stderr}"
            if condition(line):
                return line

    def read_event(self, event, **members):
        """The next event of that kind with those members, of --json."""
        def matches(line):
            found = json.loads(line)
            return found["event"] == event and all(found[key] == members[key] for key in members)
        return json.loads(self.read_until(matches, f"{event} {members}"))

    def read_rest(self):
        while self.read_line() is not None:
            pass

    def events(self, event=None):
        found = [json.loads(line) for line in self.lines]
        return [e for e in found if event in (None, e["event"])]

    def states(self):
        return [e["new"] for e in self.events("state-changed")]

    def send(self, signo):
        self.process.send_signal(signo)

    def expect_status(self, status):
        if self.process.stdout:
            self.read_rest()
        found = self.process.wait(DEADLINE)
        assert found == status, f"status {found}, expected {status}; stderr: {self.stderr}"

    def finish(self, status=0, signo=signal.SIGINT):
        self.send(signo)
        self.expect_status(status)


def expect(text, *parts):
    for part in parts:
        assert part in text, f"“{part}” is not in: {text}"


def equal(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


class Folder:
    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="extension-host test "))
        return self.path

    def __exit__(self, kind, value, trace):
        shutil.rmtree(self.path)


class Terminal:
    """The command with a terminal for stdin and stdout."""

    def __init__(self, *arguments, **environment):
        self.main, self.other = pty.openpty()
        self.settings = termios.tcgetattr(self.main)
        self.output = ""
        self.tool = Tool("run", *arguments, stdin=self.other, stdout=self.other,
                         environment={"TERM": "xterm", **environment})

    def __enter__(self):
        self.tool.__enter__()
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.tool.__exit__(kind, value, trace)
        finally:
            os.close(self.main)
            os.close(self.other)

    def type(self, text):
        os.write(self.main, text.encode())

    def show(self, text):
        """Waits until it stands there."""
        end = time.monotonic() + DEADLINE
        while text not in self.output:
            ready, _, _ = select.select([self.main], [], [], max(0, end - time.monotonic()))
            assert ready, f"gave up waiting for “{text}”: {self.output} {self.tool.stderr}"
            self.output += os.read(self.main, 65536).decode()

    def expect_status(self, status):
        found = self.tool.process.wait(DEADLINE)
        assert found == status, f"status {found}, expected {status}; {self.tool.stderr}"
        equal(termios.tcgetattr(self.main), self.settings)
