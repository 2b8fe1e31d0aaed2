#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What README.md shows is true of an installed tree: its program compiles and runs, its command too.

EXTENSION_HOST_BUILD_ROOT is the build folder. Without CC the compiler is cc.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import tap  # pylint: disable=wrong-import-position

BUILD = os.environ.get("EXTENSION_HOST_BUILD_ROOT", "")
EXPECTED = [f"my-host is {state}" for state in ("starting", "running", "stopping", "stopped")]


def run(command, **options):
    done = subprocess.run(command, text=True, capture_output=True, timeout=120, check=False,
                          **options)
    assert done.returncode == 0, (f"{shlex.join(map(str, command))}: status {done.returncode}\n"
                                  f"{done.stdout}\n{done.stderr}")
    return done.stdout


def code_blocks(language):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for found, block in blocks if found == language]


class Installed:
    """The build, installed into a folder of its own and told to be at home there."""

    def __init__(self, folder):
        meson = shutil.which("meson")
        if not meson:
            raise tap.Skip("there is no meson in PATH")
        options = {option["name"]: option["value"] for option in
                   json.loads(run([meson, "introspect", "--buildoptions", BUILD]))}
        if options["b_sanitize"] not in ("none", [], ""):
            raise tap.Skip("a sanitized library needs a sanitized program")

        run([meson, "install", "-C", BUILD, "--no-rebuild", "--destdir", folder])
        self.prefix = pathlib.Path(str(folder) + options["prefix"])
        found = list(self.prefix.rglob("extension-host-1.pc"))
        assert len(found) == 1, f"pkg-config files: {found}"
        self.pkgconfig = found[0]
        # What a tree that is moved needs: all else in the file is relative to the prefix.
        text = re.sub(r"^prefix=.*$", f"prefix={self.prefix}", self.pkgconfig.read_text(),
                      flags=re.MULTILINE)
        self.pkgconfig.write_text(text)
        self.libdir = self.pkgconfig.parent.parent

    def environment(self, **more):
        kept = {key: value for key, value in os.environ.items()
                if key not in ("EXTENSION_HOST_SHIM", "EXTENSION_HOST_RUNTIME_DIR")}
        paths = [str(self.pkgconfig.parent), os.environ.get("PKG_CONFIG_PATH", "")]
        return {**kept, "PKG_CONFIG_PATH": ":".join(filter(None, paths)),
                "LD_LIBRARY_PATH": str(self.libdir), **more}

    def compile(self, folder):
        source = folder / "my-app.c"
        source.write_text(code_blocks("c")[0], encoding="utf-8")
        flags = run(["pkg-config", "--cflags", "--libs", "extension-host-1"],
                    env=self.environment())
        program = folder / "my-app"
        run([*shlex.split(os.environ.get("CC", "cc")), "-Wall", "-Wextra", "-Werror",
             "-Wno-unused-parameter", "-o", program, source, *shlex.split(flags)])
        return program


class Workshop:
    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="extension-host-readme-"))
        return self.folder

    def __exit__(self, kind, value, trace):
        shutil.rmtree(self.folder)


@tap.case("the README has the two commands, one program and how to compile it")
def test_readme():
    commands = [block.strip() for block in code_blocks("sh")]
    assert "bash examples/quickstart.sh" in commands, commands
    assert "bash tests/run.sh" in commands, commands
    assert any("pkg-config --cflags --libs extension-host-1" in block for block in commands)
    assert len(code_blocks("c")) == 1, "which program is it?"


@tap.case("its program compiles with pkg-config, runs, and finds the installed helper")
def test_program():
    with Workshop() as folder:
        tree = Installed(folder / "tree")
        program = tree.compile(folder)
        output = run([program], env=tree.environment(G_DEBUG="fatal-warnings"))
        assert output.splitlines() == EXPECTED, output
        output = run([program], cwd=tree.libdir, env=tree.environment(G_DEBUG="fatal-warnings", LD_LIBRARY_PATH="."))
        assert output.splitlines() == EXPECTED, output

        # The compiled-in path is not there, or is another build: only the one beside the library
        # can have been used, and without it the program must fail.
        helpers = list(tree.prefix.rglob("extension-host-shim"))
        assert len(helpers) == 1, helpers
        trace = folder / "helper-was-here"
        real = helpers[0].with_name("real-shim")
        helpers[0].rename(real)
        helpers[0].write_text(f"#!/bin/sh\n: >'{trace}'\nexec '{real}' \"$@\"\n")
        helpers[0].chmod(0o755)
        run([program], env=tree.environment())
        assert trace.exists(), "the helper of another tree was used"


@tap.case("the installed command runs")
def test_command():
    with Workshop() as folder:
        tree = Installed(folder / "tree")
        tool = tree.prefix / "bin" / "extension-host"
        if not tool.exists():
            raise tap.Skip("built without the command")
        output = run([tool, "run", "--json", "--restart=never", "echo", "hello"],
                     env=tree.environment())
        events = [json.loads(line) for line in output.splitlines()]
        assert [e["line"] for e in events if e["event"] == "log"] == ["hello"], output


def split_quickstart():
    """The command that the README shows for the quickstart, what that prints, and the remarks between."""
    block = next(block for block in code_blocks("") if "--runtime=node" in block)
    command, _, output = block.replace("\\\n", "").partition("\n")
    remarks = re.findall(r"^   --- (.*)$", output, re.MULTILINE)
    return shlex.split(command)[1:], re.sub(r"^   --- .*\n", "", output, flags=re.MULTILINE), remarks


def outline(output):
    """What is the same each time: the states of the host, what is set aside, and the result."""
    found = re.findall(r"(\w+ → \w+ +gen \d+|\S+ → quarantined.*|^extension-host: .*|^\{.*)$",
                       re.sub(r"( gen \d+).*", r"\1", output), re.MULTILINE)
    # What goes to stdout and what goes to stderr is read from two pipes here.
    return sorted(found)


@tap.case("the quickstart makes the remarks that the README shows")
def test_quickstart():
    script = (ROOT / "examples" / "quickstart.sh").read_text(encoding="utf-8")
    _, _, shown = split_quickstart()
    remarks = re.findall(r"remark '(.*)'", script)
    assert len(remarks) > 2 and remarks == shown, f"{remarks} and {shown}"


@tap.case("the installed command prints what the README shows, with the installed runtime")
def test_extensions():
    if not shutil.which("node"):
        raise tap.Skip("there is no node in PATH")
    with Workshop() as folder:
        tree = Installed(folder / "tree")
        tool = tree.prefix / "bin" / "extension-host"
        if not tool.exists():
            raise tap.Skip("built without the command")
        words, shown, _ = split_quickstart()
        assert words[0] == "extension-host", words
        done = subprocess.run([tool, *words[1:]], env=tree.environment(LC_ALL="C.UTF-8"), cwd=ROOT, text=True,
                              capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        found, expected = outline(done.stdout + done.stderr), outline(shown)
        assert len(expected) > 10 and found == expected, "\n".join(["found", *found, "expected", *expected])


if not BUILD:
    print("1..0 # SKIP EXTENSION_HOST_BUILD_ROOT is not set")
    sys.exit(0)
tap.run()
