#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""extension-host run --runtime NAME EXTENSION…

Most cases run tests/data/runtimes/extension-host-stand-in, whose extensions are files that say what becomes of them;
the last ones run the runtimes of data/hosts. EXTENSION_HOST_TOOL names the command.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import tap  # pylint: disable=wrong-import-position

from tool_run import (  # pylint: disable=wrong-import-position
    CLEAN, TOOL, Folder, Terminal, Tool, equal, expect, wait_until)

HERE = {"EXTENSION_HOST_RUNTIME_DIR": str(ROOT / "tests" / "data" / "runtimes")}
RUN = ["run", "--runtime=stand-in"]
SOON = "--backoff-initial=10ms"


class Extensions(Folder):
    """A folder with these extensions: name=what becomes of it when it is activated."""

    def __init__(self, **extensions):
        self.extensions = extensions

    def __enter__(self):
        folder = super().__enter__()
        for name, what in self.extensions.items():
            (folder / f"{name}.json").write_text(json.dumps({"activate": what}))
        return folder


def run(*arguments, folder, **options):
    wait = [] if "--restart=never" in arguments else [SOON]
    return Tool(*RUN, *wait, *arguments, environment=HERE, cwd=folder, **options)


def states(tool, extension):
    return [event["state"] for event in tool.events("extension") if event["id"] == extension]


# The command line

@tap.case("extensions get their base names as ids, or those given, and absolute paths")
def test_ids():
    with Extensions(a="well", b="well") as folder:
        (folder / "pack.d").mkdir()
        (folder / "pack.d" / "a.x.json").write_text("{}")
        (folder / "pack.d" / "a.json").write_text("{}")
        (folder / "b=c.json").write_text("{}")
        (folder / ".hidden").write_text("{}")
        with run("--json", "a.json", "pack.d/a.json", "pack.d/a.x.json", "pack.d", "named=b.json", "./b=c.json",
                 ".hidden", "a-3=a.json", str(folder / "a.json"), folder=folder) as tool:
            for _ in range(9):
                tool.read_event("extension", state="activating")
            equal([e["id"] for e in tool.events("extension") if e["state"] == "activating"],
                  ["a", "a-2", "a.x", "pack.d", "named", "b=c", ".hidden", "a-3", "a-4"])
            equal({e["host"] for e in tool.events("extension")}, {"stand-in"})
            failed = tool.read_event("extension", state="failed")
            equal((failed["id"], failed["activations"]), ("pack.d", 0))
            tool.finish()
            equal(states(tool, "pack.d"), ["activating", "failed"])


@tap.case("an extension that is not there: nothing is started")
def test_no_extension():
    with Extensions(a="well") as folder:
        for word in ("none.json", "x=none.json", "a.json/none.json"):
            with run("--json", "a.json", word, folder=folder) as tool:
                tool.expect_status(2)
                equal(tool.lines, [])
                expect(tool.stderr, f"error: There is no “{folder.resolve()}/{word.rpartition('=')[2]}”", "hint: ")


@tap.case("a host none of whose extensions is active: it stays, and says so")
def test_none_active():
    with Extensions(a="badly", b="badly", c="well") as folder:
        with run("--json", "a.json", "b.json", folder=folder) as tool:
            tool.expect_status(1)
            equal(tool.stderr.count("error: None of the extensions"), 1)
            equal(tool.states(), CLEAN)
        with run("--json", "--keep", "a.json", "b.json", folder=folder) as tool:
            wait_until(lambda: "hint: None of the extensions" in tool.stderr, "it was told")
            tool.finish()
            equal(tool.stderr.count("None of the extensions"), 1)
        for arguments in (["--json", "a.json", "c.json"], ["--json", "--call", "a/who", "a.json"]):
            with run(*arguments, folder=folder) as tool:
                tool.read_event("extension", id="c" if "c.json" in arguments else "a",
                                state="active" if "c.json" in arguments else "failed")
                if "--call" in arguments:
                    tool.expect_status(1)
                else:
                    tool.finish()
                assert "None of the extensions" not in tool.stderr, tool.stderr


@tap.case("wrong usage gives status 2 and says what is wrong")
def test_usage():
    with Extensions(a="well") as folder:
        (folder / "file.exthost").write_text("[Extension Host]\nExec=cat\nProtocol=none\n")
        for arguments, words in (
                (["--runtime=stand-in"], ["No extension"]),
                (["--runtime=stand-in", "--"], ["No extension"]),
                (["--runtime=../stand-in", "a.json"], ["“../stand-in”", "--runtime"]),
                (["--runtime=", "a.json"], ["“”", "--runtime"]),
                (["--runtime=stand-in", "=a.json"], ["“=a.json”", "ID=PATH"]),
                (["--runtime=stand-in", "a="], ["“a=”", "ID=PATH"]),
                (["--runtime=stand-in", "/"], ["ID=PATH"]),
                (["--runtime=stand-in", "x=a.json", "x=b.json"], ["Two", "“x”"]),
                (["--runtime=none", "b.json"], ["no runtime “none”"]),
                (["--runtime=stand-in", "a.json", "--json"], ["“--json”", "options"]),
                (["--runtime=stand-in", b"\xff.json"], ["UTF-8"]),
                (["--runtime=stand-in", "file.exthost"], ["“file.exthost”", "--runtime"]),
                (["--runtime=stand-in", "--protocol=mcp", "a.json"], ["plain"]),
                (["--runtime=stand-in", "--transport=node-ipc", "a.json"], ["stdio"]),
                (["--runtime=stand-in", "--keep", "--call", "a/who", "a.json"], ["--keep"]),
                (["file.exthost", "a.json"], ["“a.json”", "“file.exthost”", "--runtime"])):
            with Tool("run", *arguments, environment=HERE, cwd=folder) as tool:
                tool.expect_status(2)
                equal(tool.lines, [])
                expect(tool.stderr, "extension-host: error: ", "extension-host: hint: ", *words)


@tap.case("a call to a mistyped extension: it is named, with those that there are")
def test_mistyped():
    with Extensions(markdown="well") as folder:
        for method, words in (("markdwn/who", ["no extension “markdwn”", "Did you mean “markdown”?"]),
                              ("x/who", ["no extension “x”", "“markdown”"]), ("who", ["ID/COMMAND", "“markdown”"])):
            with run("--call", method, "markdown.json", folder=folder) as tool:
                tool.expect_status(1)
                expect(tool.stderr, f"There is no method “{method}”", "extension-host: hint: ", *words)


@tap.case("a runtime that is not there: says where it was looked for")
def test_no_runtime():
    with Extensions(a="well") as folder:
        with Tool("run", "--runtime=none", "a.json", environment=HERE, cwd=folder) as tool:
            tool.expect_status(2)
            expect(tool.stderr, "“none”", f"{HERE['EXTENSION_HOST_RUNTIME_DIR']}/extension-host-none")
        with Tool("run", "--runtime=none", "a.json", environment={"EXTENSION_HOST_RUNTIME_DIR": ""},
                  cwd=folder) as tool:
            tool.expect_status(2)
            equal(tool.stderr.count("/extension-host/extension-host-none”"), 2)
            expect(tool.stderr, "EXTENSION_HOST_RUNTIME_DIR")
        program = folder / "extension-host-mine"
        for make in (program.mkdir, lambda: (program.rmdir(), program.write_text("#!/bin/sh\n"))):
            make()
            with Tool("run", "--runtime=mine", "a.json", environment={"EXTENSION_HOST_RUNTIME_DIR": "."},
                      cwd=folder) as tool:
                tool.expect_status(2)
                expect(tool.stderr, f"“{folder.resolve()}/extension-host-mine”")


@tap.case("a runtime is found beside the command, wherever that was moved to")
def test_moved():
    with Extensions(a="well") as folder:
        tool = folder / "prefix" / "usr" / "bin" / "extension-host"
        tool.parent.mkdir(parents=True)
        shutil.copy2(TOOL, tool)
        environment = {**os.environ, "EXTENSION_HOST_RUNTIME_DIR": "", "LC_ALL": "C.UTF-8",
                       "LD_LIBRARY_PATH": str(pathlib.Path(TOOL).resolve().parents[1] / "extension-host")}

        def run_moved(*arguments):
            return subprocess.run([tool, "run", *arguments], cwd=folder, env=environment, check=False,
                                  capture_output=True, text=True, timeout=60)

        # Where that is depends on the folders that the build was configured with.
        place = pathlib.Path(re.search(r"at “(.*?)/extension-host-none”",
                                       run_moved("--runtime=none", "a.json").stderr)[1])
        assert folder.resolve() in place.parents, place
        shutil.copytree(HERE["EXTENSION_HOST_RUNTIME_DIR"], place)
        done = run_moved("--runtime=stand-in", "--call", "a/who", "a.json")
        equal((done.stdout, done.returncode), ('{"id":"a","arguments":null}\n', 0))


@tap.case("a runtime whose interpreter is not there is not started again and again")
def test_no_interpreter():
    with Folder() as folder:
        program = folder / "extension-host-mine"
        program.write_text("#!/bin/sh\nexec no-such-interpreter\n")
        program.chmod(0o755)
        (folder / "a.json").touch()
        with Tool("run", "--json", "--runtime=mine", "a.json", cwd=folder,
                  environment={"EXTENSION_HOST_RUNTIME_DIR": str(folder)}) as tool:
            tool.expect_status(1)
            equal(tool.states(), ["starting", "running", "unhealthy", "crashed"])
            expect(tool.stderr, "127")
            assert any("no-such-interpreter" in event["line"] for event in tool.events("log")), tool.lines


@tap.case("--id, --name and --env work with a runtime, which gets no arguments")
def test_options():
    with Extensions(a="well") as folder:
        with run("--json", "--id=my.host", "--call", "argv", "--call", "a/who", "a.json", folder=folder) as tool:
            tool.expect_status(0)
            equal({e["id"] for e in tool.events("state-changed")}, {"my.host"})
            equal({e["host"] for e in tool.events("extension")}, {"my.host"})
            equal([e["result"] for e in tool.events("result")], [[], {"id": "a", "arguments": None}])


# What becomes of them

@tap.case("each change of an extension is a line, in step with its host")
def test_lines():
    with Extensions(good="well", bad="badly") as folder:
        with run("good.json", "bad.json", folder=folder) as tool:
            tool.read_until(lambda line: "bad → failed: on purpose" in line, "it failed")
            tool.finish()
            lines = [line for line in tool.lines if " ext │ " in line]
            equal([line.partition("│ ")[2] for line in lines if "good" in line],
                  ["good → activating", "good → active", "good → lost"])
            assert all(line.split()[1] == "stand-in" for line in lines), lines
        with run("--json", "good.json", "bad.json", folder=folder) as tool:
            tool.read_event("extension", id="good", state="active", activations=1, error=None)
            tool.read_event("extension", id="bad", state="failed", error="on purpose")
            tool.finish()
            equal(tool.states(), CLEAN)
            equal(states(tool, "good"), ["activating", "active", "lost"])


@tap.case("after a crash the extensions are activated again, and the exit names its suspects")
def test_recovery():
    with Extensions(good="well", other="crash once") as folder:
        with run("--json", "good.json", "other.json", folder=folder) as tool:
            tool.read_event("exit", suspects=["other"])
            tool.read_event("extension", id="other", state="active", activations=1)
            tool.finish()
            equal(states(tool, "other"), ["activating", "lost", "activating", "active", "lost"])
            equal(states(tool, "good")[-3:], ["activating", "active", "lost"])
            assert "set aside" not in tool.stderr, tool.stderr


@tap.case("one that crashes its host twice is set aside, and the others live")
def test_quarantine():
    with Extensions(good="well", bad="crash") as folder:
        with run("--json", "good.json", "bad.json", folder=folder) as tool:
            event = tool.read_event("extension", state="quarantined")
            equal(event["id"], "bad")
            expect(event["error"], "“bad”", "crashed")
            tool.read_event("extension", id="good", state="active")
            tool.finish()
            equal(states(tool, "bad"), ["activating", "lost", "activating", "quarantined"])
            equal([e["suspects"] for e in tool.events("exit")], [["bad"], ["bad"], []])
            equal(tool.events("summary")[0]["restarts"], 2)
            expect(tool.stderr, "“bad” is set aside: two hosts in a row crashed")
            equal(tool.stderr.count("set aside"), 1)


@tap.case("the message about a crash names the suspects")
def test_suspects():
    with Extensions(good="well", bad="crash") as folder:
        with run("--restart=never", "good.json", "bad.json", folder=folder) as tool:
            tool.expect_status(1)
            expect(tool.stderr, "“stand-in” crashed", "busy with: bad\n")


# Calls

@tap.case("ID/COMMAND calls an extension, any other method the host")
def test_calls():
    with Extensions(a="well", b="well") as folder:
        with run("--call", "a/who", '{"x": [1, "é"]}', "--call=b/who", "[]", "--call", "a/nothing", "--call", "ping",
                 "--call", "argv", "--", "a.json", "b.json", folder=folder) as tool:
            tool.expect_status(0)
            equal([json.loads(line) for line in tool.lines],
                  [{"id": "a", "arguments": {"x": [1, "é"]}}, {"id": "b", "arguments": []}, None, None, []])
            assert "error" not in tool.stderr, tool.stderr
        with run("--json", "--call", "c/who", "--call", "a/", "--call", "a/none", "a.json", folder=folder) as tool:
            tool.expect_status(1)
            equal([(e["method"], e["message"]) for e in tool.events("error")],
                  [("c/who", "There is no method “c/who”"), ("a/", "There is no method “a/”"),
                   ("a/none", "“a” has no command “none”")])


@tap.case("calls begin when every extension has settled, over restarts of the host")
def test_calls_wait():
    with Extensions(good="well", bad="crash", wrong="badly") as folder:
        with run("--json", "--call", "good/who", "--call", "bad/who", "--call", "wrong/who", "--call", "ping",
                 "wrong.json", "good.json", "bad.json", folder=folder) as tool:
            tool.expect_status(1)
            before = [e["event"] for e in tool.events()].index("result")
            settled = {e["id"]: e["state"] for e in tool.events()[:before] if e["event"] == "extension"}
            equal(settled, {"good": "active", "bad": "quarantined", "wrong": "failed"})
            equal([e["call"] for e in tool.events("result")], [1, 4])
            equal([(e["call"], e["kind"]) for e in tool.events("error")], [(2, "quarantined"), (3, "failed")])
            equal([tool.events("summary")[0][key] for key in ("calls", "failed-calls")], [4, 2])
            expect(tool.stderr, "“bad/who” failed", "quarantined", "“wrong/who” failed", "on purpose")


@tap.case("a call that crashes the host fails, and the next one waits until all are back")
def test_calls_crash():
    with Extensions(a="well", b="well") as folder:
        with run("--json", "--call", "a/crash", "--call", "b/who", "a.json", "b.json", folder=folder) as tool:
            tool.expect_status(1)
            equal([(e["method"], e["kind"]) for e in tool.events("error")], [("a/crash", "host-exited")])
            equal([e["result"] for e in tool.events("result")], [{"id": "b", "arguments": None}])
            equal(tool.events("exit")[0]["suspects"], ["a"])
            expect(tool.stderr, "busy with: a\n")


@tap.case("when the host does not come back every call fails")
def test_calls_without_host():
    with Extensions(bad="crash") as folder:
        with run("--json", "--restart=never", "--call", "bad/who", "--call", "ping", "bad.json", folder=folder) as tool:
            tool.expect_status(1)
            equal([e["call"] for e in tool.events("error")], [1, 2])
            equal(tool.events("result"), [])
            equal(tool.states()[-1], "crashed")


@tap.case("Ctrl-C while an extension never settles ends the calls that wait for it")
def test_calls_interrupted():
    with Extensions(good="well", hung="never") as folder:
        with run("--json", "--call", "good/who", "--call", "ping", "good.json", "hung.json", folder=folder) as tool:
            tool.read_event("extension", id="good", state="active")
            tool.finish(1)
            equal(tool.events("result"), [])
            equal([e["call"] for e in tool.events("error")], [1, 2])


@tap.case("--call-timeout does not count the waiting for extensions")
def test_call_timeout():
    with Extensions(late="slowly") as folder:
        with run("--json", "--call-timeout=4s", "--call", "late/who", "late.json", folder=folder) as tool:
            tool.read_event("extension", state="activating")
            time.sleep(5)
            (folder / "late.json.go").touch()
            tool.expect_status(0)
            equal(len(tool.events("result")), 1)


# At a terminal

@tap.case("at a terminal commands are called as ID/COMMAND, once the extensions have settled")
def test_interactive():
    with Extensions(a="well", late="slowly") as folder:
        with Terminal("--runtime=stand-in", "--color=never", "--backoff-initial=10ms", str(folder / "a.json"),
                      str(folder / "late.json"), **HERE) as terminal:
            terminal.show("late → activating")
            expect(terminal.tool.stderr, "ID/COMMAND")
            terminal.type('a/who {"x": 1}\n')
            (folder / "late.json.go").touch()
            terminal.show('a/who → {"id":"a","arguments":{"x":1}}')
            assert terminal.output.index("late → active") < terminal.output.index("a/who → "), terminal.output
            terminal.type("late/crash\n")
            wait_until(lambda: "“late/crash” failed" in terminal.tool.stderr, "it is told")
            terminal.type("late/who\n")
            terminal.show('late/who → {"id":"late","arguments":null}')
            terminal.type("a/none\n")
            wait_until(lambda: "no command “none”" in terminal.tool.stderr, "it is told")
            terminal.type("\x04")
            terminal.expect_status(0)


@tap.case("what waits for an extension when the host is stopped fails")
def test_interactive_stop():
    with Extensions(hung="never") as folder:
        with Terminal("--runtime=stand-in", "--color=never", str(folder / "hung.json"), **HERE) as terminal:
            terminal.show("hung → activating")
            terminal.type("hung/who\nping\n")
            terminal.show("ping → null")
            terminal.tool.send(signal.SIGINT)
            terminal.expect_status(0)
            expect(terminal.tool.stderr, "“hung/who” failed")


# The runtimes

def check_runtime(name, suffix):
    examples = ROOT / "examples" / "extensions" / name
    program = ROOT / "data" / "hosts" / f"extension-host-{name}"
    if not program.exists() or not examples.exists():
        raise tap.Skip(f"there is no runtime {name} here")
    with Tool("run", "--json", f"--runtime={name}", "--backoff-initial=10ms",
              "--call", "markdown/render", '{"text": "*Good* news"}', "--call", "crasher/any",
              *(str(examples / f"{extension}.{suffix}") for extension in ("word-count", "crasher", "markdown")),
              environment={"EXTENSION_HOST_RUNTIME_DIR": str(program.parent)}) as tool:
        tool.expect_status(1)
        equal([e["result"] for e in tool.events("result")], [{"html": "<p><em>Good</em> news</p>\n"}])
        equal([e["kind"] for e in tool.events("error")], ["quarantined"])
        equal(states(tool, "crasher")[-1], "quarantined")
        equal(states(tool, "word-count")[-2:], ["active", "lost"])
        equal(tool.events("summary")[0]["stop"]["forced"], False)
        equal({e["host"] for e in tool.events("extension")}, {name})


@tap.case("the runtime for Node.js")
def test_node():
    if not shutil.which("node"):
        raise tap.Skip("there is no node in PATH")
    check_runtime("node", "mjs")


@tap.case("the runtime for Python")
def test_python():
    check_runtime("python", "py")


tap.run()
