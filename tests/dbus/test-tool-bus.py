#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands that inspect and control hosts on the session bus, as somebody at a terminal or a script
sees them.
"""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios
import unicodedata

from tool_bus import ROOT, Bus, tap

from tool_run import Tool, equal, expect, wait_until  # pylint: disable=wrong-import-order

OPERATIONS = ["start", "stop", "restart", "kill", "pause", "resume", "quarantine", "release", "reset"]
COMMANDS = ["list", "status", "monitor", "logs", "history", "call", *OPERATIONS]
EDITOR = "org.example.Editor"
VIEWER = "org.example.Viewer"
# Prints numbered lines, slowly enough for none to be left out.
COUNT = "sh -c 'i=0; while :; do i=$((i+1)); echo line $i; sleep 0.02; done'"


# The command line

@tap.case("--help of each command, and man page and completions know all of it")
def test_documented():
    with Tool("--help") as tool:
        tool.expect_status(0)
        listed = re.findall(r"^  ([a-z]+) ", "\n".join(tool.lines), re.MULTILINE)
    equal(sorted(listed), sorted(["run", "check", "help", *COMMANDS]))
    for command in COMMANDS:
        for flag in ("--help", "-h"):
            with Tool(command, flag) as tool:
                tool.expect_status(0)
                text = "\n".join(tool.lines)
        expect(text, f"extension-host {command}", "--json", "--color", "Exit status")
        options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
        for file in ("extension-host.1", "completions/extension-host"):
            page = (ROOT / "data" / file).read_text(encoding="utf-8").replace("\\-", "-")
            missing = options - set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page))
            assert not missing, f"{file} lacks {missing} of {command}"
            assert re.search(rf"\b{command}\b", page), f"{file} lacks {command}"


@tap.case("wrong usage gives status 2, a message and a hint, without a bus")
def test_usage():
    for arguments, word in ((["stop"], "No host"), (["logs"], "No host"), (["history"], "No host"),
                            (["call"], "No host"), (["call", "a"], "no method"),
                            (["list", "x"], "“x”"), (["logs", "a", "b"], "“b”"),
                            (["logs", "-n", "-1", "a"], "--lines"), (["list", "--wings"], "--wings"),
                            (["list", "--color=red"], "--color"),
                            (["call", "a", "b", "12"], "JSON object"),
                            (["call", "a", '{"b": 1}'], "is no method"),
                            (["call", "--timeout=5", "a", "b"], "--timeout")):
        with Tool(*arguments, environment={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}) as tool:
            tool.expect_status(2)
            equal((arguments, tool.lines), (arguments, []))
            expect(tool.stderr, "error: ", word, "hint: ")


# No bus, nobody, nothing

@tap.case("without a bus each command says why, and gives status 1")
def test_no_bus():
    for command in COMMANDS:
        arguments = {"list": [], "monitor": [], "call": ["a", "b"]}.get(command, ["a"])
        with Tool(command, *arguments, environment={"DBUS_SESSION_BUS_ADDRESS": "",
                                                    "XDG_RUNTIME_DIR": "/nowhere"}) as tool:
            tool.expect_status(1)
            expect(tool.stderr, "There is no session bus", "DBUS_SESSION_BUS_ADDRESS",
                   "XDG_RUNTIME_DIR", "hint: ")
    with Tool("list", environment={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}) as tool:
        tool.expect_status(1)
        expect(tool.stderr, "Cannot reach the session bus", "unix:path=/nowhere")


@tap.case("where nobody shows hosts, lists are empty and a host is not found")
def test_nobody():
    with Bus() as bus:
        lines, stderr = bus.run("list")
        equal(lines, [])
        expect(stderr, "No application")
        equal(bus.run("list", "--quiet"), ([], ""))
        equal(bus.run("list", "--json")[0], [])
        _, stderr = bus.run("status", "a", status=1)
        expect(stderr, "There is no host “a”", "hint: No application")


@tap.case("a host that is not there: what is near is suggested")
def test_no_host():
    with Bus() as bus:
        bus.start(EDITOR, "status", "python", "markdown")
        _, stderr = bus.run("status", "pyhton", status=1)
        expect(stderr, "error: There is no host “pyhton”", "“python”", "extension-host list")
        assert "markdown" not in stderr, stderr
        _, stderr = bus.run("stop", "python", "xyzzy", status=1)
        expect(stderr, "There is no host “xyzzy”", "extension-host list")
        # An application is no host.
        for word in (EDITOR, f"{EDITOR}/"):
            _, stderr = bus.run("stop", word, status=1)
            expect(stderr, f"There is no host “{word}”", f"“{EDITOR}/python”, “{EDITOR}/markdown”")
        # Nothing was done to the others.
        found = bus.run_json("status", "python")[0][0]
        equal((found["state"], found.get("last-exit")), ("running", None))


@tap.case("HOST is an id, or APP/ID where several have it; APP is an id, an instance or a pid")
def test_ambiguous():
    with Bus() as bus:
        editor = bus.start(EDITOR, "control", "python", "only")
        bus.start(VIEWER, "control", "python")
        _, stderr = bus.run("pause", "python", status=1)
        expect(stderr, "may be one of 2", f"“{EDITOR}/python”", f"“{VIEWER}/python”")
        equal(bus.run("list", "--quiet")[0], [f"{EDITOR}/python", "only", f"{VIEWER}/python"])
        for word in (f"{VIEWER}/python", f"{editor.pid}/python", "only", f"{EDITOR}/only"):
            found, _ = bus.run_json("status", word)
            equal((len(found), found[0]["id"]), (1, word.rpartition("/")[2]))
        equal(bus.run_json("status", f"{editor.pid}/python")[0][0]["application"], EDITOR)
        # A second one of the same application gets a name of its own.
        second = bus.start(EDITOR, "control", "only", "other")
        words = bus.run("list", "--quiet")[0]
        equal(words[0], f"{EDITOR}/python")
        instances = [word for word in words if re.fullmatch(rf"{EDITOR}\.instance\d+/only", word)]
        equal(len(instances), 1)
        equal(bus.run_json("status", instances[0])[0][0]["application"],
              instances[0].partition("/")[0])
        # The id alone is the first one where that has such a host …
        equal(bus.run_json("status", f"{EDITOR}/only")[0][0]["application"], EDITOR)
        # … and what only the second has is meant by the id of the application, too.
        equal(bus.run_json("status", f"{EDITOR}/other")[0][0]["id"], "other")
        _, stderr = bus.run("status", "only", status=1)
        expect(stderr, instances[0], f"“{EDITOR}/only”")
        equal(bus.run_json("status", f"{second.pid}/only")[0][0]["application"],
              instances[0].partition("/")[0])


# What there is

@tap.case("list: a table, and objects with --json")
def test_list():
    with Bus() as bus:
        bus.start(EDITOR, "status", "python", "markdown")
        lines, stderr = bus.run("list")
        equal((len(lines), stderr), (3, ""))
        equal(lines[0].split()[:4], ["HOST", "STATE", "READY", "PID"])
        pid = bus.run_json("list")[0][0]["pid"]
        equal(lines[1].split()[:4], ["python", "running", "ready", str(pid)])
        equal(lines[2].split()[:2], ["markdown", "running"])
        # The columns are aligned.
        equal({line.index(word) for line, word in zip(lines, ("STATE", "running", "running"))},
              {lines[0].index("STATE")})
        objects, _ = bus.run_json("list")
        equal([(o["id"], o["application"], o["state"], o["sequence"]) for o in objects],
              [("python", EDITOR, "running", 2), ("markdown", EDITOR, "running", 2)])
        # With a second application, theirs is told.
        bus.start(VIEWER, "status", "other")
        lines, _ = bus.run("list")
        equal([line.split()[0] for line in lines], ["APPLICATION", EDITOR, EDITOR, VIEWER])


@tap.case("status: a summary by application, and all about one host")
def test_status():
    with Bus() as bus:
        editor = bus.start(EDITOR, "control", "python", "dies=sh -c 'echo last words >&2; exit 3'")
        wait_until(lambda: bus.run_json("status", "dies")[0][0]["state"] == "crashed", "it crashed")
        lines, _ = bus.run("status")
        equal(lines[0], f"{EDITOR} (process {editor.pid}, access control)")
        equal([line.split()[0] for line in lines[1:]], ["HOST", "python", "dies"])
        expect(lines[3], "crashed", "status 3")
        text = "\n".join(bus.run("status", "dies")[0])
        expect(text, "dies\n", EDITOR, "State\n", "crashed since", "Budget", "3 of 3", "Last exit\n",
               "status 3", "│ last words", "Last changes\n", "restart-limit", "sh -c")
        expect("\n".join(bus.run("status", "python")[0]), "ready since", "Process ")
        found, _ = bus.run_json("status", "dies", "python")
        equal([o["id"] for o in found], ["dies", "python"])
        equal((found[0]["last-exit"]["code"], found[0]["restart-count"]), (3, 3))
        equal(len(bus.run_json("status")[0]), 2)


@tap.case("history: the last transitions")
def test_history():
    with Bus() as bus:
        bus.start(EDITOR, "control", "python")
        bus.run("restart", "python", "--reason", "a new version")
        lines, _ = bus.run("history", "python")
        equal([re.search(r"(\w+) → (\w+)", line).group(2) for line in lines],
              ["starting", "running", "stopping", "stopped", "starting", "running"])
        expect(lines[2], "restart", "a new version", "pid")
        events, _ = bus.run_json("history", "python", "-n", "2")
        equal([(e["event"], e["sequence"], e["new"]) for e in events],
              [("state-changed", 5, "starting"), ("state-changed", 6, "running")])
        expect(events[0]["requester"], "pid")
        equal(events[1]["requester"], None)
        equal(bus.run("history", "python", "-n", "0")[0], [])


# What can be done

@tap.case("operations: what they do, plain and with --json, to several at once")
def test_operations():
    with Bus() as bus:
        bus.start(EDITOR, "control", "a", "b")

        def states():
            return [(o["state"], o["control"]) for o in bus.run_json("list")[0]]

        lines, _ = bus.run("stop", "a", "b", "a")
        equal(sorted(line.partition(" (")[0] for line in lines), ["a: stopped", "b: stopped"])
        equal(states(), [("stopped", "active")] * 2)
        equal(bus.run("start", "a")[0], ["a: running"])
        objects, _ = bus.run_json("kill", "a")
        equal({key: objects[0][key] for key in ("id", "application", "operation", "ok")},
              {"id": "a", "application": EDITOR, "operation": "kill", "ok": True})
        equal(objects[0]["outcome"]["rung"], "kill")
        equal(bus.run("pause", "a")[0], ["a: paused"])
        equal(bus.run("quarantine", "b", "--reason=bad")[0], ["b: quarantined"])
        equal(states(), [("stopped", "paused"), ("stopped", "quarantined")])
        expect("\n".join(bus.run("list")[0]), "paused", "quarantined")
        _, stderr = bus.run("start", "b", status=1)
        expect(stderr, "Cannot start “b”", "hint: ", "extension-host release b")
        equal(bus.run("resume", "a")[0], ["a: resumed"])
        equal(bus.run("release", "b")[0], ["b: released"])
        equal(bus.run("reset", "a", "b")[0], ["a: reset", "b: reset"])
        equal(bus.run("restart", "a")[0], ["a: running"])
        equal(states(), [("running", "active"), ("stopped", "active")])


@tap.case("a refused operation: why, status 1, and the others are done")
def test_refused():
    with Bus() as bus:
        bus.start(EDITOR, "control", "a", "b")
        bus.run("stop", "a")
        objects, stderr = bus.run_json("kill", "a", "b", status=1)
        found = {o["id"]: o for o in objects}
        equal((found["a"]["ok"], found["a"]["kind"], found["b"]["ok"]),
              (False, "already-terminated", True))
        expect(stderr, "error: Cannot kill “a”: ", found["a"]["error"])


@tap.case("what the application does not allow is denied, with what it would have to do")
def test_denied():
    with Bus() as bus:
        bus.start(EDITOR, "status", "a")
        bus.start(VIEWER, "control", "b")
        for operation in OPERATIONS:
            lines, stderr = bus.run(operation, "a", status=1)
            equal(lines, [])
            expect(stderr, f"Cannot {operation} “a”", "“status”", "EXTENSION_HOST_ACCESS_CONTROL")
        equal(bus.run_json("stop", "a", status=1)[0][0]["kind"], "access-denied")
        _, stderr = bus.run("call", "b", "add", "[1, 2]", status=1)
        expect(stderr, "“control”", "EXTENSION_HOST_ACCESS_CALL")
        # Looking is allowed.
        for command in (["status", "a"], ["logs", "a"], ["history", "a"]):
            bus.run(*command)


@tap.case("call: the result as it is, and errors of the host with code and text")
def test_call():
    with Bus() as bus:
        bus.start(EDITOR, "call", "a", "mute=cat")
        equal(bus.run("call", "a", "add", "[1, 2]"), (["3"], ""))
        events, _ = bus.run_json("call", "a", "add", "[4, 5]")
        equal({key: events[0][key] for key in ("event", "id", "method", "call", "result")},
              {"event": "result", "id": "a", "method": "add", "call": 1, "result": 9})
        lines, stderr = bus.run("call", "a", "fail", status=1)
        equal(lines, [])
        expect(stderr, "error: ", "“a”", "-7: no such luck")
        events, _ = bus.run_json("call", "a", "fail", status=1)
        equal((events[0]["event"], events[0]["kind"], events[0]["code"], events[0]["message"]),
              ("error", "rpc", -7, "no such luck"))
        events, stderr = bus.run_json("call", "--timeout=10ms", "a", "hold", status=1)
        equal(events[0]["kind"], "timed-out")
        events, _ = bus.run_json("call", "mute", "add", status=1)
        equal(events[0]["kind"], "not-supported")
        bus.run("stop", "a")
        _, stderr = bus.run("call", "a", "add", "[1, 2]", status=1)
        expect(stderr, "Cannot call “a”", "extension-host start a")


# An application that does not answer

@tap.case("an application that is stopped is told, and holds up nobody else")
def test_silent():
    with Bus() as bus:
        editor = bus.start(EDITOR, "control", "a")
        bus.start(VIEWER, "control", "b")
        os.kill(editor.pid, signal.SIGSTOP)
        for arguments, found in ((["list", "--quiet"], ["b"]), (["status", "--json"], None)):
            lines, stderr = bus.run(*arguments, status=1)
            equal(lines if found else [json.loads(line)["id"] for line in lines], ["b"])
            expect(stderr, f"warning: “{EDITOR}” (process {editor.pid}) did not answer")
        equal(bus.run("stop", "b")[0][0].partition(" (")[0], "b: stopped")
        _, stderr = bus.run("status", "a", status=1)
        expect(stderr, "did not answer", "There is no host “a”")
        with bus.tool("monitor", "--json") as tool:
            tool.read_event("host-added", id="b")
            wait_until(lambda: "did not answer" in tool.stderr, "it was told")
            os.kill(editor.pid, signal.SIGCONT)
            tool.read_event("host-added", id="a")
            tool.finish()


@tap.case("an application that leaves while it is asked is not there, and nothing is said of it")
def test_leaving():
    errors = [f"org.freedesktop.DBus.Error.{name}"
              for name in ("UnknownInterface", "UnknownObject", "UnknownMethod", "ServiceUnknown", "NoReply")]
    with Bus() as bus:
        bus.start(VIEWER, "control", "b")
        for error in [*errors, "none"]:
            for arguments in (["list", "--quiet"], ["status"], ["stop", "b"]):
                leaver = bus.fake(EDITOR, "leaves", error)
                lines, stderr = bus.run(*arguments)
                bus.end(leaver)
                equal((arguments, error, stderr), (arguments, error, ""))
                assert EDITOR not in "\n".join(lines), lines
        # One that stays is told.
        for error in errors[:3]:
            stayer = bus.fake(EDITOR, "stays", error)
            lines, stderr = bus.run("list", "--quiet", status=1)
            bus.end(stayer)
            equal(lines, ["b"])
            expect(stderr, f"warning: “{EDITOR}” (process {stayer.pid}) does not show its hosts: not here")


# What a host prints

@tap.case("logs: the last lines, and -n of them")
def test_logs():
    with Bus() as bus:
        bus.start(EDITOR, "status", "a=sh -c 'echo one; echo two >&2; printf \"\\033[31mred\\n\"; cat'")
        wait_until(lambda: len(bus.run("logs", "a")[0]) == 3, "it printed")
        lines, _ = bus.run("logs", "a")
        equal(sorted(re.sub(r"^[\d:.]+ +", "", line) for line in lines),
              ["err │ two", "out │ \\x1b[31mred", "out │ one"])
        equal(len(bus.run("logs", "-n", "1", "a")[0]), 1)
        equal(bus.run("logs", "-n", "0", "a")[0], [])
        events, _ = bus.run_json("logs", "a")
        equal(sorted((e["event"], e["id"], e["stream"], e["line"]) for e in events),
              [("log", "a", "stderr", "two"), ("log", "a", "stdout", "\x1b[31mred"),
               ("log", "a", "stdout", "one")])


@tap.case("logs -f: goes on without a gap and without a repetition, until Ctrl-C")
def test_follow():
    with Bus() as bus:
        bus.start(EDITOR, "status", f"count={COUNT}")
        for _ in range(10):
            with bus.tool("logs", "-f", "-n", "5", "--json", "count") as tool:
                for _ in range(15):
                    tool.read_event("log")
                tool.finish()
                numbers = [int(e["line"].split()[1]) for e in tool.events("log")]
            equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))))


@tap.case("logs -f: what was told before the answer is part of it")
def test_follow_seam():
    with Bus() as bus:
        fake = bus.fake(EDITOR)
        with bus.tool("logs", "-f", "--json", "odd") as tool:
            tool.read_event("log", line="second")
            tool.read_event("log")
            fake.tell("Log ('stdout', 'third')")
            tool.read_event("log", line="third")
            tool.finish()
            equal([e["line"] for e in tool.events()], ["first", "second", "\x1b[31m", "third"])


@tap.case("logs -f: ends when the host is removed, when the application is gone, and when nobody reads")
def test_follow_end():
    with Bus() as bus:
        editor = bus.start(EDITOR, "status", f"a={COUNT}", f"b={COUNT}", "quiet=cat")
        with bus.tool("logs", "-f", "a") as tool:
            tool.read_line()
            editor.tell("remove a")
            tool.expect_status(0)
            expect(tool.stderr, "“a” is gone")
        for host in ("b", "quiet"):
            with bus.tool("logs", "-f", host) as tool:
                if host == "b":
                    tool.read_line()
                else:
                    wait_until(lambda: is_deaf_to(tool, signal.SIGPIPE), "it listens")
                tool.process.stdout.close()
                tool.process.stdout = None
                tool.expect_status(0)
        with bus.tool("logs", "-f", "b") as tool:
            tool.read_line()
            editor.process.kill()
            tool.expect_status(0)
            expect(tool.stderr, "“b” is gone")


def is_deaf_to(tool, signo):
    with open(f"/proc/{tool.process.pid}/status", encoding="ascii") as file:
        ignored = int(re.search(r"^SigIgn:\s*(\w+)", file.read(), re.MULTILINE).group(1), 16)
    return bool(ignored & (1 << (signo - 1)))


# What happens

@tap.case("monitor: each transition of each host in order, from what is there on")
def test_monitor():
    with Bus() as bus:
        bus.start(EDITOR, "control", *(f"h{i}" for i in range(5)))
        with bus.tool("monitor", "--json") as tool, \
                bus.tool("restart", *(f"h{i}" for i in range(5))) as restart:
            restart.expect_status(0)
            bus.run("stop", *(f"h{i}" for i in range(5)))
            for i in range(5):
                known = [e for e in tool.events() if e.get("id") == f"h{i}" and e.get("sequence") == 8]
                if not known:
                    tool.read_event("state-changed", id=f"h{i}", sequence=8)
            tool.finish()
            events = tool.events()
        equal((events[0]["event"], events[0]["application"]), ("application-added", EDITOR))
        equal([e["id"] for e in events if e["event"] == "host-added"], [f"h{i}" for i in range(5)])
        for i in range(5):
            mine = [e for e in events if e.get("id") == f"h{i}" and "sequence" in e]
            equal(mine[0]["event"], "host-added")
            equal([e["sequence"] for e in mine], list(range(mine[0]["sequence"], 9)))
            changes = [e for e in mine if e["event"] == "state-changed"]
            equal([e["old"] for e in changes],
                  [mine[0]["state"], *(e["new"] for e in changes[:-1])])
            equal([e["time"] for e in changes], sorted(e["time"] for e in changes))
            exits = [e for e in events if e["event"] == "exit" and e["id"] == f"h{i}"]
            assert exits and all(e["requested"] for e in exits), exits


@tap.case("monitor: tells nothing twice, and that something is missing")
def test_monitor_sequence():
    with Bus() as bus:
        fake = bus.fake(EDITOR)
        with bus.tool("monitor", "--json") as tool:
            equal(tool.read_event("host-added")["sequence"], 5)
            for sequence in (4, 5, 6, 6, 7, 9):
                fake.tell("StateChanged ('running', 'running', 'start', 'x', uint64 1, "
                          f"uint64 {sequence})")
            # Nonsense is passed over.
            fake.tell("StateChanged ('running', 'running')")
            fake.tell("HealthChecked (1,)")
            tool.read_event("state-changed", sequence=9)
            tool.finish()
            equal([e["sequence"] for e in tool.events("state-changed")], [6, 7, 9])
            equal(tool.stderr.count("has not told of all its changes"), 1)


@tap.case("monitor: has the members that run --json has for the same")
def test_monitor_shape():
    with Bus() as bus:
        with bus.tool("run", "--json", "--", "cat") as run, bus.tool("monitor", "--json") as tool:
            tool.read_event("host-added", id="cat")
            bus.run("stop", "cat")
            run.expect_status(0)
            tool.read_event("host-removed", id="cat")
            tool.finish()
            for event, missing in (("state-changed", {"requester"}), ("exit", set())):
                theirs = run.events(event)[-1]
                mine = tool.events(event)[-1]
                equal(set(mine) - {"application"}, set(theirs) - missing)
                equal({key: mine[key] for key in theirs if key not in missing | {"pid"}},
                      {key: theirs[key] for key in theirs if key not in missing | {"pid"}})


@tap.case("monitor: hosts and applications that come and go, for people")
def test_monitor_changes():
    with Bus() as bus:
        editor = bus.start(EDITOR, "control", "a")
        with bus.tool("monitor") as tool:
            tool.read_until(lambda line: "a " in line and "host │ is " in line, "a")
            editor.tell("add b")
            tool.read_until(lambda line: "b " in line and "host │ is " in line, "b")
            tool.read_until(lambda line: "b " in line and "starting → running" in line, "b runs")
            editor.tell("remove b")
            tool.read_until(lambda line: "stopping → stopped" in line, "b stops")
            tool.read_until(lambda line: "b " in line and "host │ is gone" in line, "b is gone")
            viewer = bus.start(VIEWER, "status", "c")
            tool.read_until(lambda line: VIEWER in line and "app │ shows 1 host" in line, "the viewer")
            tool.read_until(lambda line: f"{VIEWER}/c" in line and "host │ is " in line, "c")
            bus.end(viewer)
            tool.read_until(lambda line: VIEWER in line and "app │ is gone" in line, "it is gone")
            tool.finish(signo=signal.SIGTERM)
            equal(tool.stderr, "")


@tap.case("monitor: HOST may come later; --log shows lines")
def test_monitor_words():
    with Bus() as bus:
        editor = bus.start(EDITOR, "control", "a")
        with bus.tool("monitor", "--json", "--log", "late") as tool:
            wait_until(lambda: is_deaf_to(tool, signal.SIGPIPE), "it listens")
            editor.tell("add other")
            editor.tell("add late=sh -c 'while :; do echo hello; sleep 0.1; done'")
            tool.read_event("log", line="hello")
            tool.finish()
            equal({e.get("id") for e in tool.events()}, {"late"})


@tap.case("monitor: says so when the bus is gone, and gives status 1")
def test_monitor_bus():
    with Bus() as bus:
        with bus.tool("monitor", "--json") as tool:
            bus.start(EDITOR, "status", "a")
            tool.read_event("host-added")
            bus.daemon.kill()
            tool.expect_status(1)
            expect(tool.stderr, "has closed the connection")


# On a terminal

def get_width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def run_on_terminal(bus, columns, *arguments, **environment):
    """What it prints on a terminal of that width."""
    main, other = pty.openpty()
    fcntl.ioctl(main, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with bus.tool(*arguments, stdout=other, environment={"TERM": "xterm", **environment}) as tool:
        os.close(other)
        data = b""
        while True:
            try:
                more = os.read(main, 65536)
            except OSError:   # EIO: the command was the last who had it open
                break
            if not more:
                break
            data += more
        tool.expect_status(0)
    os.close(main)
    return data.decode().splitlines()


@tap.case("a table fits the terminal, also with wide characters; nothing is cut in a pipe")
def test_width():
    name = "host-日本語日本語日本語日本語-end"
    with Bus() as bus:
        bus.start(EDITOR, "status", f"{name}=cat", "b")
        bus.start("org.example.application.with.a.Long.Name", "status", "c")
        whole, _ = bus.run("list")
        expect("\n".join(whole), name, "org.example.application.with.a.Long.Name")
        # Ages and sizes may be longer by then.
        full = max(get_width(line) for line in whole) + 20
        for columns in (80, 90, full):
            lines = run_on_terminal(bus, columns, "list", NO_COLOR="1")
            equal(len(lines), 4)
            for line in lines:
                assert get_width(line) <= columns, f"{get_width(line)} > {columns}: {line}"
            equal("…" in "\n".join(lines), columns < full)
            expect("\n".join(lines), "running")


@tap.case("colors: on a terminal, with --color=always, and not with NO_COLOR")
def test_color():
    with Bus() as bus:
        bus.start(EDITOR, "status", "a")
        for arguments in (["list"], ["status", "a"], ["history", "a"], ["status"]):
            assert "\033" not in "\n".join(bus.run(*arguments)[0])
            assert "\033" not in "\n".join(run_on_terminal(bus, 80, *arguments, NO_COLOR="1"))
            assert "\033" not in "\n".join(run_on_terminal(bus, 80, *arguments, TERM="dumb"))
            expect("\n".join(run_on_terminal(bus, 80, *arguments)), "\033[1;32m")
            expect("\n".join(bus.run(*arguments, "--color=always")[0]), "\033[1;32m")
        assert "\033" not in "\n".join(run_on_terminal(bus, 80, "list", "--color=never"))


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def expect_printable(bus, *arguments):
    lines, stderr = bus.run(*arguments)
    assert lines and not stderr, f"{arguments}: {stderr}"
    for line in lines:
        assert line.replace("\t", " ").isprintable(), f"{arguments}: {line!r}"
        if "--json" in arguments:
            json.loads(line, parse_constant=refuse)


@tap.case("text of hosts does not control the terminal")
def test_hostile():
    with Bus() as bus:
        bus.start(EDITOR, "status",
                  "a=sh -c 'printf \"\\033[2J\\a\\302\\233x\\n\" >&2; exit 1' '\033[1m'")
        wait_until(lambda: bus.run_json("status", "a")[0][0]["state"] == "crashed", "it crashed")
        for arguments in (["list"], ["status"], ["status", "a"], ["logs", "a"], ["history", "a"],
                          ["list", "--json"], ["status", "a", "--json"], ["logs", "a", "--json"]):
            expect_printable(bus, *arguments)
        expect("\n".join(bus.run("status", "a")[0]), "\\x1b[2J", "\\x1b[1m")


@tap.case("an application that tells nonsense neither controls the terminal nor breaks the command")
def test_nonsense():
    with Bus() as bus:
        fake = bus.fake(EDITOR)
        for arguments in (["list"], ["status"], ["status", "odd"], ["logs", "odd"], ["history", "odd"]):
            expect_printable(bus, *arguments)
            expect_printable(bus, *arguments, "--json")
        _, stderr = bus.run("stop", "odd", status=1)
        expect(stderr, "Cannot stop “odd”")
        with bus.tool("monitor", "--log", "--health") as tool:
            tool.read_line()
            fake.tell("Log ('\x1b[31m', '\x1b[31m')")
            fake.tell("HealthChecked ({'text': <'\x1b[31m'>, 'time': <1>},)")
            fake.tell("StateChanged ('\x1b[31m', '\x1b', '\x1b', '\x1b', uint64 1, uint64 6)")
            tool.read_until(lambda line: "→" in line, "the transition")
            tool.finish()
            for line in tool.lines:
                assert line.replace("\t", " ").isprintable(), repr(line)


@tap.case("an application that calls its error “cancelled” is told of as any other")
def test_cancelled():
    with Bus() as bus:
        bus.fake(EDITOR, "stays",
                 "org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code19")
        _, stderr = bus.run("list", status=1)
        expect(stderr, f"“{EDITOR}”", "does not show its hosts: not here")


# Completion

@tap.case("the completion offers commands, hosts and options")
def test_completion():
    if not shutil.which("bash"):
        raise tap.Skip("there is no bash")
    with Bus() as bus:
        bus.start(EDITOR, "status", "python", "two words=cat")
        bus.start(VIEWER, "status", "python")
        script = (f"source '{ROOT}/data/completions/extension-host'\n"
                  "compopt () { :; }\n"
                  "complete_words () { COMP_WORDS=(\"$EXTENSION_HOST_TOOL\" \"$@\"); COMP_CWORD=$#\n"
                  "  _extension_host; printf '%s|' \"${COMPREPLY[@]}\"; echo; }\n"
                  "complete_words re\ncomplete_words stop ''\ncomplete_words status org.example.V\n"
                  "complete_words call two\ncomplete_words logs --fo\ncomplete_words list --q\n"
                  "complete_words stop --reason ''\ncomplete_words monitor --color ''\n"
                  "complete_words call python ''\ncomplete_words he\ncomplete_words help sta\n"
                  "complete_words help list ''\n")
        result = subprocess.run(["bash", "-c", script], env=bus.environment, capture_output=True,
                                encoding="utf-8", check=True)
        equal([line.rstrip("|").split("|") for line in result.stdout.splitlines()],
              [["restart", "resume", "release", "reset"],
               [f"{EDITOR}/python", "two\\ words", f"{VIEWER}/python"], [f"{VIEWER}/python"],
               ["two\\ words"], ["--follow"], ["--quiet"], [""], ["auto", "always", "never"], [""],
               ["help"], ["status", "start"], [""]])


tap.run()
