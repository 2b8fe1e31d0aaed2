#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each example program does what it is there to show. Those in C and Vala are built with all else: their
programs are EXAMPLE_C_FIRST_HOST and so on. The typelib and the library are found by GI_TYPELIB_PATH and
LD_LIBRARY_PATH, without which those that need introspection are left out.
"""

import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import tap  # pylint: disable=wrong-import-position

EXAMPLES = ROOT / "examples"
HOST = ["python3", str(EXAMPLES / "hosts" / "echo.py")]
DEADLINE = 60

# What is the same in every language
FIRST_HOST = """\
echo: stopped → starting
echo: starting → running
1 + 2 + 39 = 42
It cannot subtract: There is no method “subtract”
echo: running → stopping
echo: stopping → stopped
It was asked to leave, and left
"""

CALL = """\
ping: "pong"
sleep: no answer in 100 ms
sleep: cancelled, and the host was told
ping: "pong"
"""


def compiled(name):
    program = os.environ.get("EXAMPLE_" + re.sub(r"\W", "_", name).upper())
    if not program:
        raise tap.Skip(f"{name} was not built: no Vala or no vapi")
    return [program, *HOST]


def interpreted(name, *interpreter):
    if "GI_TYPELIB_PATH" not in os.environ:
        raise tap.Skip("built without introspection")
    if not shutil.which(interpreter[0]):
        raise tap.Skip(f"there is no {interpreter[0]} in PATH")
    return [*interpreter, str(EXAMPLES / name)]


def python(name):
    try:
        import gi  # pylint: disable=import-outside-toplevel,unused-import
    except ImportError as error:
        raise tap.Skip("there is no PyGObject") from error
    return interpreted(name, sys.executable)


def gjs(name):
    return interpreted(name, "gjs", "-m")


def expect_output(command, expected):
    done = subprocess.run(command, text=True, capture_output=True, timeout=DEADLINE, check=False,
                          stdin=subprocess.DEVNULL, cwd="/")
    assert (done.returncode, done.stdout) == (0, expected), \
        f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.stderr == "", done.stderr


@tap.case("C: the first host")
def test_c():
    expect_output(compiled("c/first-host"), FIRST_HOST)


@tap.case("C: a call with a deadline, and one that is cancelled")
def test_c_call():
    expect_output(compiled("c/call"), CALL)


@tap.case("Vala: the first host, with yield and the generated bindings")
def test_vala():
    expect_output(compiled("vala/first-host"), FIRST_HOST)


@tap.case("Python: the first host, with await")
def test_python():
    expect_output(python("python/first-host.py"), FIRST_HOST)


@tap.case("Python: the first host, blocking")
def test_python_blocking():
    expect_output(python("python/first-host-blocking.py"), FIRST_HOST)


@tap.case("GJS: the first host, with promises")
def test_gjs():
    expect_output(gjs("gjs/first-host.js"), FIRST_HOST)


class Console:
    """The program, at its keyboard and its screen."""

    def __init__(self, command):
        self.lines = []
        self.asked = 0
        self.more = threading.Condition()
        self.ended = False
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, cwd="/",
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.more:
                self.lines.append(line.strip())
                self.more.notify()
        with self.more:
            self.ended = True
            self.more.notify()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()

    def type(self, line):
        with self.more:
            self.asked = len(self.lines)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def expect(self, pattern):
        """Waits for a line since the last that was typed."""
        def seen():
            return any(re.fullmatch(pattern, line) for line in self.lines[self.asked:])

        with self.more:
            self.more.wait_for(lambda: seen() or self.ended, DEADLINE)
            assert seen(), f"no “{pattern}” in:\n" + "\n".join(self.lines)

    def end(self):
        """It leaves by itself, and no host stays behind."""
        self.expect("All is well")
        assert self.process.wait(DEADLINE) == 0, self.lines
        assert not any("ritical" in line or "arning" in line for line in self.lines), self.lines


def use_console(command):
    with Console(command()) as console:
        console.expect("echo is stopped, pid –")
        console.expect("ticker is stopped, pid –")
        console.type("start echo")
        console.expect(r"echo starting → running \(spawned\)")
        console.expect(r"echo │ echo on Python .*")
        console.expect(r"echo is well: \d+ MiB.*")
        console.type("start ticker")
        console.expect("ticker │ tick 1")

        console.type("call echo add [40, 2]")
        console.expect(r"echo answers .*42.*")
        console.type("call echo subtract")
        console.expect("error: There is no method “subtract”")
        console.type("call echo echo no JSON")
        console.expect("error: .*JSON.*")
        for line, complaint in (("start nobody", "there is no host “nobody”"),
                                ("dance", "“dance” is no command; help lists them"),
                                ("stop", ".+")):
            console.type(line)
            console.expect("error: " + complaint)

        console.type("kill ticker")
        console.expect(r"ticker stopping → stopped \(tree-gone\)")
        console.type("logs ticker")
        console.expect("ticker stdout │ tick 1")
        console.type("restart echo")
        console.expect(r"echo stopping → starting.*|echo stopped → starting.*")
        console.expect(r"echo starting → running.*")
        console.type("list")
        console.expect(r"echo is running, pid \d+")
        console.expect("ticker is stopped, pid –")
        console.type("help")
        console.expect("list · .* · quit")
        console.type("stop echo")
        console.expect(r"echo took \d+ ms to stop")
        console.type("quit")
        console.end()


def leave_console(command):
    with Console(command()) as console:
        console.type("start echo")
        console.expect(r"echo starting → running \(spawned\)")
        console.process.stdin.close()
        console.expect(r"echo stopping → stopped \(tree-gone\)")
        console.end()


for language, program in (("Python", functools.partial(python, "python/console.py")),
                          ("GJS", functools.partial(gjs, "gjs/console.js"))):
    tap.case(f"{language}: the console obeys each command, and tells what happens")(
        functools.partial(use_console, program))
    tap.case(f"{language}: the console ends its hosts when its input ends")(
        functools.partial(leave_console, program))


@tap.case("each example says how it is run, and is in the index")
def test_index():
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    files = [path for language in ("c", "gjs", "python", "vala")
             for path in sorted((EXAMPLES / language).iterdir()) if path.is_file()]
    missing = [str(path.relative_to(EXAMPLES)) for path in files
               if f"]({path.relative_to(EXAMPLES)})" not in index]
    assert not missing, f"not in examples/README.md: {missing}"
    linked = re.findall(r"\]\(([^)#]+)\)", index)
    assert not [link for link in linked if not (EXAMPLES / link).exists()], linked
    # The path is that from the top folder, where the command is to be typed.
    silent = [str(path.relative_to(EXAMPLES)) for path in files if path.name != "awaiting.py" and
              not re.search(rf"Run: .*examples/{path.relative_to(EXAMPLES)}", path.read_text(encoding="utf-8")[:300])]
    assert not silent, f"do not say how to run them: {silent}"


tap.run()
