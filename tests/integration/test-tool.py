#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command extension-host, as somebody at a terminal or a script sees it.

EXTENSION_HOST_TOOL names the command and EXTENSION_HOST_SHIM the helper.
"""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import tap  # pylint: disable=wrong-import-position

from tool_run import (  # pylint: disable=wrong-import-position
    CLEAN, DEADLINE, MARK, TOOL, Folder, Terminal, Tool, equal, expect, find_marked, wait_until)

# Ends when its input is closed.
POLITE = ["cat"]
# Ends by nothing but SIGKILL; prints a line once it is deaf.
DEAF = [sys.executable, "-c",
            "import signal, time\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "print('deaf', flush=True)\n"
            "time.sleep(120)\n"]


# The command line

@tap.case("an option that has no effect beside others is refused, with what it contradicts")
def test_idle_options():
    with Folder() as folder:
        (folder / "never.exthost").write_text("[Extension Host]\nExec=true\nProtocol=none\nRestart=never\n")
        (folder / "thrice.exthost").write_text("[Extension Host]\nExec=true\nProtocol=none\nMaxRestarts=3\n")
        for arguments, option, cause in (
                (["--restart=never", "--max-restarts=3", "true"], "--max-restarts", "--restart=never"),
                (["--no-restart-exit=3", "--restart=never", "true"], "--no-restart-exit", "--restart=never"),
                (["--restart=never", "--backoff-jitter=0", "true"], "--backoff-jitter", "--restart=never"),
                (["--max-restarts=0", "--backoff-initial=2s", "true"], "--backoff-initial", "--max-restarts=0"),
                (["--backoff-initial=0", "--backoff-factor=2", "true"], "--backoff-factor", "--backoff-initial=0"),
                (["--backoff-factor=1", "--backoff-max=1min", "true"], "--backoff-max", "--backoff-factor=1"),
                (["--max-restarts=1", "--backoff-factor=3", "true"], "--backoff-factor", "--max-restarts=1"),
                (["--max-restarts=3", "never.exthost"], "--max-restarts", "--restart=never")):
            with Tool("run", *arguments, cwd=folder) as tool:
                tool.expect_status(2)
                equal(tool.lines, [])
                expect(tool.stderr, f"error: {option} has no effect: ", f"with {cause}", "hint: ")
        # An option goes before what the file says: that contradicts nobody.
        with Tool("run", "--restart=never", "thrice.exthost", cwd=folder) as tool:
            tool.expect_status(0)


@tap.case("help is --help, and help COMMAND is COMMAND --help")
def test_help():
    for arguments, same in ((["help"], ["--help"]), (["help", "run"], ["run", "--help"]),
                            (["help", "call"], ["call", "--help"]), (["help", "help"], ["--help"])):
        with Tool(*arguments) as tool, Tool(*same) as other:
            tool.expect_status(0)
            other.expect_status(0)
            equal(tool.lines, other.lines)
    with Tool("help", "nonsense") as tool:
        tool.expect_status(2)
        expect(tool.stderr, "There is no command “nonsense”")


@tap.case("a mistyped command: what is near is suggested")
def test_mistyped():
    for arguments, words in ((["stauts"], ["“status”"]), (["lsit", "x"], ["“list”"]), (["version"], ["“--version”"]),
                             (["help", "rnu"], ["“run”"]), (["--json", "list"], ["Options follow the command"])):
        with Tool(*arguments) as tool:
            tool.expect_status(2)
            equal(tool.lines, [])
            expect(tool.stderr, "error: There is no command", "hint: ", *words)


@tap.case("--version and --help")
def test_help():
    with Tool("--version") as tool:
        tool.expect_status(0)
        assert re.fullmatch(r"extension-host \d+\.\d+\.\d+", tool.lines[0]), tool.lines
    with Tool("--help") as tool:
        tool.expect_status(0)
        expect("\n".join(tool.lines), "run", "--version")
    for option in ("--help", "--help-all"):
        with Tool("run", option) as tool:
            tool.expect_status(0)
            expect("\n".join(tool.lines), "extension-host run", "--json", "Exit status")
    with Tool("run", "--help-all") as tool:
        tool.expect_status(0)
        expect("\n".join(tool.lines), "--restart=", "--term-timeout=", "--working-directory=")


@tap.case("man page and completions know every option")
def test_documented():
    with Tool("run", "--help-all") as tool:
        tool.expect_status(0)
        options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(tool.lines)))
    assert len(options) > 20, options
    for file in ("extension-host.1", "completions/extension-host"):
        text = (ROOT / "data" / file).read_text(encoding="utf-8").replace("\\-", "-")
        known = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
        missing = {option for option in options - known if not option.startswith("--help-")}
        assert not missing, f"{file} lacks {sorted(missing)}"


@tap.case("no option that takes no value is given one, whatever the command")
def test_flags():
    for command in ("run", "check", "list", "status", "monitor", "logs", "history", "call", "stop"):
        with Tool(command, "--help-all" if command == "run" else "--help") as tool:
            tool.expect_status(0)
            flags = set(re.findall(r"(--(?!help)[a-z-]+)  ", "\n".join(tool.lines)))
        assert "--json" in flags, flags
        for flag in flags:
            with Tool(command, f"{flag}=1", "x.exthost", "x") as tool:
                tool.expect_status(2)
                expect(tool.stderr, f"{flag} takes no value")


@tap.case("wrong usage gives status 2, a message and a hint")
def test_usage():
    for arguments, words in (
            ([], ["No command"]),
            (["fly"], ["“fly”"]),
            (["run"], ["No command"]),
            (["run", "--"], ["No command"]),
            (["run", "--wings", "cat"], ["--wings"]),
            (["run", "--keep=no", "cat"], ["--keep takes no value"]),
            (["run", "--call", "add", "[1]", "-q", "--json=no", "cat"], ["--json takes no value"]),
            (["check", "--quiet=1", "a.exthost"], ["--quiet takes no value"]),
            (["logs", "--follow=1", "cat"], ["--follow takes no value"]),
            (["run", "--restart=often", "cat"], ["often", "always, on-failure, never"]),
            (["run", "--protocol=smoke", "cat"], ["smoke", "mcp"]),
            (["run", "--transport=smoke", "cat"], ["smoke", "stdio, node-ipc"]),
            (["run", "--term-timeout=5", "cat"], ["“5”", "--term-timeout", "500ms"]),
            (["run", "--term-timeout=-5s", "cat"], ["--term-timeout"]),
            (["run", "--backoff-max=99999999h", "cat"], ["--backoff-max"]),
            (["run", "--backoff-factor=x", "cat"], ["--backoff-factor"]),
            (["run", "--backoff-factor=nan", "cat"], ["“nan”", "--backoff-factor", "a number"]),
            (["run", "--max-restarts=-1", "cat"], ["--max-restarts", "unlimited"]),
            (["run", "--env", "NAME", "cat"], ["--env", "NAME=VALUE"]),
            (["run", "--color=blue", "cat"], ["blue", "auto, always, never"]),
            (["run", "--call"], ["--call"]),
            (["run", "--call", "ping"], ["No command"]),
            (["run", "--call", "", "cat"], ["METHOD [JSON]"]),
            (["run", "--call", "--json", "cat"], ["“--json”", "METHOD [JSON]"]),
            (["run", "--call", '{"a":1}', "cat"], ["METHOD [JSON]"]),
            (["run", "--call", "ping", "[1,2", "cat"], ["--call ping", "byte 4"]),
            (["run", "--call", "ping", '{"a":1}, ', "cat"], ["--call ping", "byte 7"]),
            (["run", "--call", "ping", "{'a':1}", "--", "cat"], ["--call ping", "byte 1"]),
            (["run", "--call=ping", '"text"', "cat"], ["--call ping", "object or array"]),
            (["run", "--call", "ping", "42", "--", "cat"], ["--call ping", "object or array"]),
            (["run", "--call", "ping", "", "cat"], ["--call ping", "byte 0"]),
            (["run", "--call", "ping", b'["\xff"]', "cat"], ["--call ping", "byte 2"]),
            (["run", "--call", "ping", "[" * 129 + "]" * 129, "cat"], ["byte 128"]),
            (["run", "--call", "a", "[1]", "--call", "b", "[", "cat"], ["--call b", "byte 1"]),
            (["run", "--call-timeout=5", "--call", "ping", "cat"], ["“5”", "--call-timeout"]),
            (["run", "--protocol=none", "--call", "ping", "cat"], ["--call", "protocol"]),
            (["run", "--keep", "--call", "ping", "cat"], ["--call", "--keep"])):
        with Tool(*arguments) as tool:
            tool.expect_status(2)
            equal(tool.lines, [])
            expect(tool.stderr, "extension-host: error: ", "extension-host: hint: ", *words)


@tap.case("what makes no sense for a host gives status 2")
def test_bad_values():
    for options, words in ((["--id=a/b"], ["id"]),
                           (["--backoff-initial=5s", "--backoff-max=1s"], ["backoff"]),
                           (["--backoff-factor=0.5"], ["backoff-factor"]),
                           (["--no-restart-exit=banana"], ["banana"])):
        with Tool("run", *options, "cat") as tool:
            tool.expect_status(2)
            equal(tool.lines, [])
            expect(tool.stderr, "extension-host: error: ", *words)


@tap.case("what follows the program belongs to the program")
def test_separator():
    for words in (["echo", "--json", "-q"], ["--", "echo", "--json", "-q"]):
        with Tool("run", "--restart=never", *words) as tool:
            tool.expect_status(0)
            assert any(line.endswith("--json -q") for line in tool.lines), tool.lines


# Running and stopping

@tap.case("Ctrl-C stops gracefully, with status 0")
def test_clean_stop():
    with Tool("run", "--json", *POLITE) as tool:
        tool.read_event("state-changed", new="running")
        tool.finish()
        equal(tool.states(), CLEAN)
        equal(tool.events("summary")[0]["stop"]["forced"], False)
        equal(tool.events("summary")[0]["status"], 0)
        expect(tool.stderr, "Stopping “cat”", "Ctrl-C again")


@tap.case("SIGTERM and SIGHUP do too")
def test_other_signals():
    for signo in (signal.SIGTERM, signal.SIGHUP):
        with Tool("run", "--json", *POLITE) as tool:
            tool.read_event("state-changed", new="running")
            tool.finish(0, signo)
            equal(tool.states(), CLEAN)


@tap.case("under nohup SIGHUP changes nothing")
def test_nohup():
    def ignore_hangup():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Tool("run", "--json", *POLITE, preexec_fn=ignore_hangup) as tool:
        tool.read_event("state-changed", new="running")
        tool.send(signal.SIGHUP)
        tool.finish()
        equal(tool.states(), CLEAN)
        equal(tool.stderr.count("Stopping"), 1)


@tap.case("a second Ctrl-C kills")
def test_kill():
    with Tool("run", "--json", "--exit-timeout=5min", "--term-timeout=5min", *DEAF) as tool:
        tool.read_event("log", line="deaf")
        tool.send(signal.SIGINT)
        tool.read_event("state-changed", new="stopping")
        start = time.monotonic()
        tool.finish()
        assert time.monotonic() - start < 10, "the second Ctrl-C did not kill"
        equal(tool.states(), CLEAN)
        equal(tool.events("summary")[0]["stop"]["rung"], "kill")
        equal(tool.events("summary")[0]["stop"]["forced"], True)
        equal(tool.events("exit")[0]["signal"], 9)
        expect(tool.stderr, "Killing")


@tap.case("the timeouts given are the timeouts taken")
def test_timeouts():
    with Tool("run", "--json", "--exit-timeout=100ms", "--term-timeout=100ms", *DEAF) as tool:
        tool.read_event("log", line="deaf")
        start = time.monotonic()
        tool.finish()
        assert 0.2 <= time.monotonic() - start < 8, f"{time.monotonic() - start} s"
        equal(tool.events("summary")[0]["stop"]["rung"], "kill")


@tap.case("a stop while it waits for a restart takes effect at once")
def test_stop_in_backoff():
    with Tool("run", "--json", "--backoff-initial=1h", "--backoff-max=1h", "--restart-window=4h",
              "false") as tool:
        tool.read_event("state-changed", new="restarting")
        tool.finish()
        equal(tool.states(), ["starting", "running", "unhealthy", "restarting", "stopping",
                              "stopped"])


# Failing and coming back

@tap.case("a killed program comes back as the next generation")
def test_recovery():
    with Tool("run", "--json", "--backoff-initial=10ms", *POLITE) as tool:
        first = tool.read_event("state-changed", new="running")
        os.kill(first["pid"], signal.SIGKILL)
        second = tool.read_event("state-changed", new="running")
        assert first["pid"] != second["pid"] > 0, (first, second)
        equal((first["generation"], second["generation"]), (1, 2))
        tool.finish()
        equal(tool.states(), ["starting", "running", "unhealthy", "restarting", "starting",
                              "running", "stopping", "stopped"])
        exits = tool.events("exit")
        equal([e["kind"] for e in exits], ["signalled", "exited"])
        equal([e["requested"] for e in exits], [False, True])
        equal((exits[0]["signal"], exits[0]["pid"]), (9, first["pid"]))
        equal(tool.events("summary")[0]["restarts"], 1)


@tap.case("a crash ends it with status 1 and says how")
def test_crash():
    with Tool("run", "--json", "--restart=never", "sh", "-c", "echo bye; exit 7") as tool:
        tool.expect_status(1)
        equal(tool.states(), ["starting", "running", "unhealthy", "crashed"])
        equal(tool.events("state-changed")[-1]["reason"], "policy")
        equal(tool.events("exit")[0]["code"], 7)
        equal([e["line"] for e in tool.events("log")], ["bye"])
        equal(tool.events("summary")[0]["status"], 1)
        expect(tool.stderr, "“sh” crashed", "7")


@tap.case("restarts end with the budget")
def test_budget():
    with Tool("run", "--json", "--max-restarts=2", "--backoff-initial=10ms", "false") as tool:
        tool.expect_status(1)
        equal(tool.states().count("starting"), 3)
        equal(tool.events("state-changed")[-1]["reason"], "restart-limit")


@tap.case("an exit that is listed as final is final")
def test_no_restart_exit():
    with Tool("run", "--json", "--no-restart-exit=3", "--no-restart-exit=TERM",
              "sh", "-c", "exit 3") as tool:
        tool.expect_status(1)
        equal(tool.states().count("starting"), 1)
        equal(tool.events("state-changed")[-1]["reason"], "no-restart-exit")


@tap.case("a program that ends by itself")
def test_natural_end():
    with Tool("run", "--json", "--restart=on-failure", "true") as tool:
        tool.expect_status(0)
        equal(tool.states(), ["starting", "running", "stopped"])
        equal(tool.stderr, "")
    with Tool("run", "--max-restarts=0", "true") as tool:
        tool.expect_status(1)
        expect(tool.stderr, "--restart=on-failure")


@tap.case("--keep stays until Ctrl-C")
def test_keep():
    for program, last, status in (("true", "stopped", 0), ("false", "crashed", 1)):
        with Tool("run", "--json", "--keep", "--restart=never", program) as tool:
            tool.read_event("state-changed", new=last)
            wait_until(lambda: "--keep" in tool.stderr, "it says that it stays")
            assert tool.process.poll() is None, "it did not stay"
            tool.finish(status)
            equal(tool.stderr.count("crashed"), status)
            assert "Stopping" not in tool.stderr, tool.stderr


@tap.case("SIGKILL of the command leaves nothing")
def test_sigkill():
    script = "trap '' TERM HUP; setsid sleep 120 & sleep 120 & echo up; wait; sleep 120"
    with Tool("run", "--json", "sh", "-c", script) as tool:
        tool.read_event("log", line="up")
        tool.process.kill()
        tool.process.wait()
        wait_until(lambda: not find_marked(tool.mark), "the tree is gone", 3)


# What cannot be started

@tap.case("a program that is not found: says where it was looked for")
def test_not_found():
    with Tool("run", "--json", "--env=PATH=/nowhere:/else", "no-such-program") as tool:
        tool.expect_status(1)
        equal(tool.states(), ["starting", "crashed"])
        equal(tool.events("state-changed")[-1]["reason"], "spawn-failed")
        expect(tool.stderr, "“no-such-program”", "PATH=/nowhere:/else")
    with Tool("run", "./no-such-program") as tool:
        tool.expect_status(1)
        expect(tool.stderr, "“./no-such-program”", "hint")


@tap.case("a program that cannot be executed: says why and what to do")
def test_not_executable():
    with Folder() as folder:
        program = folder / "program"
        program.write_text("puts('hello')\n")
        program.chmod(0o644)
        with Tool("run", str(program)) as tool:
            tool.expect_status(1)
            expect(tool.stderr, str(program), "chmod +x")

        script = folder / "script.py"
        script.write_text("print('hello')\n")
        with Tool("run", str(script)) as tool:
            tool.expect_status(1)
            expect(tool.stderr, "chmod +x", f"“python3 {script}”", "--runtime=python")
        with Tool("run", str(folder)) as tool:
            tool.expect_status(1)
            expect(tool.stderr, f"“{folder}” is a folder", "--runtime=NAME", "extension-host check")
        with Tool("run", "echo hello") as tool:
            tool.expect_status(1)
            expect(tool.stderr, "No shell", "without quotes")

        program.chmod(0o755)
        with Tool("run", str(program)) as tool:
            tool.expect_status(1)
            expect(tool.stderr, str(program), "#!/usr/bin/env")

        program.write_text("#!/no/such/interpreter\n")
        with Tool("run", str(program)) as tool:
            tool.expect_status(1)
            expect(tool.stderr, str(program), "interpreter")

        with Tool("run", str(folder)) as tool:
            tool.expect_status(1)
            expect(tool.stderr, "folder")


@tap.case("a working directory that is not there is named")
def test_bad_directory():
    with Tool("run", "--working-directory=/no/such/folder", "cat") as tool:
        tool.expect_status(1)
        expect(tool.stderr, "/no/such/folder", "--working-directory")


# How the host is run

@tap.case("--env, --clear-environment and --working-directory have their effect")
def test_environment():
    with Folder() as folder:
        (folder / "sub").mkdir()
        with Tool("run", "--json", "--restart=never", "--env", "A=1", "--env=B=two words",
                  "--working-directory=sub", "sh", "-c", 'echo "$A|$B|$PWD|${HOME+home}"',
                  cwd=folder, environment={"HOME": "/"}) as tool:
            tool.expect_status(0)
            equal([e["line"] for e in tool.events("log")], [f"1|two words|{folder}/sub|home"])
    with Tool("run", "--json", "--restart=never", "--clear-environment", "--env=A=1",
              shutil.which("env")) as tool:
        tool.expect_status(0)
        names = sorted(e["line"].partition("=")[0] for e in tool.events("log"))
        equal([name for name in names if name != "EXTENSION_HOST_TREE"], ["A"])


@tap.case("--id and --name, and the id that a command gets without")
def test_id():
    with Tool("run", "--json", "--restart=never", "--id=my.host", "--name=My Host", "true") as tool:
        tool.expect_status(0)
        equal({e["id"] for e in tool.events()}, {"my.host"})
    with Tool("run", "--restart=never", "--id=my.host", "--name=My Host", "false") as tool:
        tool.expect_status(1)
        expect(tool.stderr, "“My Host” crashed")
    with Tool("run", "--restart=never", "--id=my.host", "false") as tool:
        tool.expect_status(1)
        expect(tool.stderr, "“my.host” crashed")
    with Tool("run", "--json", "--restart=never", shutil.which("true")) as tool:
        tool.expect_status(0)
        equal({e["id"] for e in tool.events()}, {"true"})


@tap.case("a spec file is run, and options go before what it says")
def test_file():
    with Folder() as folder:
        file = folder / "echo.exthost"
        file.write_text("[Extension Host]\nExec=sh -c 'echo \"$A$B\"; exec cat'\nProtocol=none\n"
                        "Environment=A=a;B=b\n")
        with Tool("run", "--json", str(file)) as tool:
            equal(tool.read_event("log")["line"], "ab")
            tool.finish()
            equal({e["id"] for e in tool.events()}, {"echo"})
        with Tool("run", "--json", "--id=other", "--env=B=c", "echo.exthost", cwd=folder) as tool:
            equal(tool.read_event("log")["line"], "ac")
            tool.finish()
            equal({e["id"] for e in tool.events()}, {"other"})
        with Tool("run", "--json", "--", "./echo.exthost", cwd=folder) as tool:
            tool.expect_status(1)
            equal(tool.states(), ["starting", "crashed"])


@tap.case("a bad file is named, with the line")
def test_bad_file():
    with Folder() as folder:
        file = folder / "bad.exthost"
        for line in ("Restart=often", "Rastert=always", "TermTimeout=5"):
            file.write_text(f"[Extension Host]\nExec=cat\n\n{line}\n")
            with Tool("run", str(file)) as tool:
                tool.expect_status(2)
                equal(tool.lines, [])
                expect(tool.stderr, "bad.exthost", line.partition("=")[0])
                assert re.search(r"\b4\b", tool.stderr), f"no line number: {tool.stderr}"
        with Tool("run", str(folder / "none.exthost")) as tool:
            tool.expect_status(2)
            expect(tool.stderr, "none.exthost")


# What is printed

@tap.case("every line of --json is an object, and the sequence has no gap")
def test_json():
    with Tool("run", "--json", "--backoff-initial=10ms", "sh", "-c",
              r'''printf 'quote " back \\ tab\t\n' >&2; exec cat''') as tool:
        first = tool.read_event("state-changed", new="running")
        tool.read_event("log")
        os.kill(first["pid"], signal.SIGKILL)
        tool.read_event("state-changed", new="running")
        tool.finish()
        now = time.time() * 1e6
        changes = tool.events("state-changed")
        equal([e["sequence"] for e in changes], list(range(1, len(changes) + 1)))
        for change in changes:
            equal(set(change), {"event", "time", "id", "old", "new", "reason", "detail",
                                "generation", "sequence", "pid", "requester"})
            assert now - 60e6 < change["time"] <= now, change
        for before, after in zip(changes, changes[1:]):
            equal(before["new"], after["old"])
        equal(changes[0]["requester"], "application")
        log = tool.events("log")[0]
        equal((log["stream"], log["line"]), ("stderr", 'quote " back \\ tab\t'))
        equal(tool.events()[-1]["event"], "summary")
        equal(len(tool.events("summary")), 1)


TRANSITION = re.compile(r"\d\d:\d\d:\d\d\.\d\d\d  (\S+)  +(\w+) (?:→|->) (\w+) +gen (\d+) +"
                        r"(?:pid (\d+) +)?([a-z-]+)(?:: (.*))?")


@tap.case("each transition is one aligned line")
def test_text():
    with Tool("run", "--id=my-host", "--restart=never", "sh", "-c", "echo hello; exit 7") as tool:
        tool.expect_status(1)
        matches = [TRANSITION.fullmatch(line) for line in tool.lines if "hello" not in line]
        assert all(matches), tool.lines
        equal([(m[1], m[2], m[3]) for m in matches],
              [("my-host", "stopped", "starting"), ("my-host", "starting", "running"),
               ("my-host", "running", "unhealthy"), ("my-host", "unhealthy", "crashed")])
        assert int(matches[1][5]) > 0, tool.lines
        for column in (3, 6):
            equal(len({m.start(column) for m in matches}), 1)
        log = [line for line in tool.lines if "hello" in line]
        assert re.fullmatch(r"[\d:.]+  my-host  +out │ hello", log[0]), log


@tap.case("without UTF-8 it is plain ASCII")
def test_ascii():
    with Tool("run", "--restart=never", "true", environment={"LC_ALL": "C"}) as tool:
        tool.expect_status(0)
        assert all(line.isascii() for line in tool.lines), tool.lines
        expect(tool.lines[0], " -> ")


@tap.case("--quiet keeps back what the host prints, but not the end of a crash")
def test_quiet():
    with Tool("run", "--quiet", "--restart=never", "sh", "-c", "echo farewell; exit 7") as tool:
        tool.expect_status(1)
        assert not any("farewell" in line for line in tool.lines), tool.lines
        expect(tool.stderr, "| farewell")
    with Tool("run", "-q", "--json", "--restart=never", "echo", "word") as tool:
        tool.expect_status(0)
        equal(tool.events("log"), [])


@tap.case("escape sequences of a host do not reach the terminal")
def test_escapes():
    with Tool("run", "--restart=never", "printf", r"\033[2J\033]0;title\007end\n") as tool:
        tool.expect_status(0)
        assert not any("\033" in line or "\a" in line for line in tool.lines), tool.lines
        assert any("end" in line for line in tool.lines), tool.lines


def run_in_terminal(*arguments, **environment):
    main, terminal = pty.openpty()
    with Tool("run", "--restart=never", *arguments, "true", stdout=terminal,
              environment={"TERM": "xterm", **environment}) as tool:
        os.close(terminal)
        output = b""
        while True:
            try:
                data = os.read(main, 65536)
            except OSError:
                break
            if not data:
                break
            output += data
        os.close(main)
        tool.expect_status(0)
    return output


@tap.case("colors on a terminal, unless they are not wanted")
def test_colors():
    assert b"\033[" in run_in_terminal(), "no colors on a terminal"
    assert b"\033[" in run_in_terminal(NO_COLOR=""), "an empty NO_COLOR counts"
    assert b"\033[" in run_in_terminal("--color=always", NO_COLOR="1"), "no colors with always"
    assert b"\033[" not in run_in_terminal(NO_COLOR="1"), "NO_COLOR has no effect"
    assert b"\033[" not in run_in_terminal(TERM="dumb"), "TERM=dumb has no effect"
    assert b"\033[" not in run_in_terminal("--color=never"), "--color=never has no effect"
    for option, colored in (("auto", False), ("always", True)):
        with Tool("run", f"--color={option}", "--restart=never", "true") as tool:
            tool.expect_status(0)
            equal(any("\033[" in line for line in tool.lines), colored)


@tap.case("a reader that leaves, as head does, ends a talkative host")
def test_head_talkative():
    with Tool("run", "sh", "-c", "while :; do echo word; sleep 0.05; done") as tool:
        tool.read_line()
        tool.process.stdout.close()
        tool.process.stdout = None
        tool.expect_status(0)


@tap.case("a reader that leaves ends a quiet host too")
def test_head_quiet():
    with Tool("run", *POLITE) as tool:
        tool.read_until(lambda line: " running " in line, "running")
        tool.process.stdout.close()
        tool.process.stdout = None
        tool.expect_status(0)


@tap.case("what cannot be written is no success")
def test_full():
    if not os.path.exists("/dev/full"):
        raise tap.Skip("there is no /dev/full")
    for arguments in (["--call", "echo", "[1]", "--", *ECHO], ["--", *POLITE]):
        with open("/dev/full", "w", encoding="utf-8") as full, Tool("run", *arguments, stdout=full) as tool:
            tool.expect_status(1)
            expect(tool.stderr, "extension-host: error: Cannot write: ")


@tap.case("Ctrl-C ends it also while a reader that stays does not read")
def test_stuck_reader():
    reader, writer = os.pipe()
    try:
        with Tool("run", "--exit-timeout=100ms", "sh", "-c", "while :; do echo word; done",
                  stdout=writer) as tool:
            wait_until(lambda: not select.select([], [writer], [], 0)[1], "its output is stuck")
            tool.send(signal.SIGINT)
            wait_until(lambda: tool.process.poll() is not None, "it has ended")
            wait_until(lambda: not find_marked(tool.mark), "nothing is left")
    finally:
        os.close(reader)
        os.close(writer)


@tap.case("it runs with stdin, stdout and stderr closed")
def test_closed_fds():
    def close_all():
        for fd in (0, 1, 2):
            os.close(fd)
    with Tool("run", "--restart=never", "true", stdout=None, preexec_fn=close_all) as tool:
        tool.expect_status(0)


@tap.case("a host inherits no descriptor of the command")
def test_descriptors():
    extra = os.open("/dev/null", os.O_RDONLY)
    high = fcntl.fcntl(extra, fcntl.F_DUPFD, 50)
    os.set_inheritable(high, True)
    try:
        with Tool("run", "--json", "--restart=never", "sh", "-c", "echo /proc/$$/fd/*",
                  pass_fds=[high]) as tool:
            tool.expect_status(0)
            fds = {int(path.rpartition("/")[2])
                   for path in tool.events("log")[0]["line"].split()}
            assert high not in fds, fds
    finally:
        os.close(extra)
        os.close(high)


# Calls

ECHO = [sys.executable, str(ROOT / "examples" / "hosts" / "echo.py")]


def run_calls(*options, host=ECHO, status=0):
    """What went to stdout, and to stderr."""
    with Tool("run", *options, "--", *host) as tool:
        tool.expect_status(status)
        return tool.lines, tool.stderr


@tap.case("--call prints results on stdout and nothing else, in order")
def test_calls():
    lines, stderr = run_calls("--call", "echo", '{"word": "Grüße"}', "--call=add", "[1, 2, 39]",
                              "--call", "ping", "--id=calculator", "--call", "echo",
                              '[1.0, 12345678901234567890, "\\u0000"]')
    equal([json.loads(line) for line in lines],
          [{"word": "Grüße"}, {"sum": 42}, "pong", [1.0, 12345678901234567890, "\0"]])
    for state in CLEAN:
        expect(stderr, f" {state} ")
    expect(stderr, "calculator", "echo on Python")
    assert "error" not in stderr, stderr


@tap.case("both example hosts answer alike")
def test_example_hosts():
    if not shutil.which("node"):
        raise tap.Skip("there is no node in PATH")
    calls = ["--json", "--call", "echo", '{"a":[null,true]}', "--call", "add", '["x"]',
             "--call", "none", "--call", "add", "[1,2]"]
    found = []
    for host in (ECHO, ["node", str(ROOT / "examples" / "hosts" / "echo.mjs")]):
        lines, _ = run_calls(*calls, host=host, status=1)
        found.append([{key: event[key] for key in event if key not in ("time", "id")}
                      for event in map(json.loads, lines)
                      if event["event"] in ("result", "error")])
    equal(found[0], found[1])
    equal(len(found[0]), 4)


@tap.case("what stands where JSON would but looks like none is the program")
def test_call_words():
    for words in (["--call", "ping", *ECHO], ["--call=ping", *ECHO],
                  ["--call", "ping", "--", *ECHO], ["--call=ping", "--id=x", "--", *ECHO]):
        with Tool("run", *words) as tool:
            tool.expect_status(0)
            equal(tool.lines, ['"pong"'])
    with Tool("run", "--call", "ping", "--restart=never", "--", "[") as tool:
        tool.expect_status(1)
        equal(tool.lines, [])
    with Tool("run", *ECHO, "--call", "ping", "[1,2") as tool:
        tool.read_until(lambda line: " running " in line, "it runs")
        tool.finish()


@tap.case("with --json results and errors are events")
def test_calls_json():
    lines, stderr = run_calls("--json", "--call", "add", "[1, 2]", "--call", "add", '{"no": 1}',
                              "--call", "echo", "[]", "--call", "nothing", status=1)
    events = [json.loads(line) for line in lines]
    answers = [event for event in events if event["event"] in ("result", "error")]
    equal([(e["event"], e["call"], e["method"]) for e in answers],
          [("result", 1, "add"), ("error", 2, "add"), ("result", 3, "echo"),
           ("error", 4, "nothing")])
    equal(answers[0]["result"], {"sum": 3})
    equal((answers[1]["kind"], answers[1]["code"], answers[1]["message"], answers[1]["data"]),
          ("rpc", -32602, "add takes an array of numbers", {"got": {"no": 1}}))
    equal((answers[3]["code"], answers[3]["data"], answers[3]["written"]), (-32601, None, True))
    assert all(event["time"] > 0 and event["id"] for event in answers), answers
    equal([events[-1][key] for key in ("event", "calls", "failed-calls", "status")],
          ["summary", 4, 2, 1])
    expect(stderr, "“add” was answered with error -32602", '{"got":{"no":1}}', "“nothing”")


@tap.case("a call that fails is explained, and those after it are made")
def test_failed_call():
    lines, stderr = run_calls("--call", "nothing", "--call", "ping", status=1)
    equal(lines, ['"pong"'])
    expect(stderr, "“nothing” was answered with error -32601: There is no method")


@tap.case("a host that ends instead of answering: its exit and its last lines")
def test_call_ends_host():
    lines, stderr = run_calls("--quiet", "--backoff-initial=10ms", "--call", "crash",
                              "--call", "crash", "--call", "ping", status=1)
    equal(lines, ['"pong"'])
    expect(stderr, "“crash” failed", "status 7", "| echo on Python")
    equal(stderr.count("| echo on Python"), 2)
    lines, stderr = run_calls("--restart=never", "--call", "crash", "--call", "ping", status=1)
    equal(lines, [])
    expect(stderr, "“crash” failed", "“ping” failed")
    assert "| echo on Python" not in stderr, "what stderr has already is repeated"


@tap.case("a host that is never ready fails every call")
def test_calls_without_host():
    for host in (["no-such-program"], ["false"]):
        lines, stderr = run_calls("--protocol=mcp", "--restart=never", "--call", "one", "--call",
                                  "two", host=host, status=1)
        equal(lines, [])
        expect(stderr, "“one” failed", "“two” failed", f"“{host[0]}”")
    lines, _ = run_calls("--json", "--call", "one", host=["no-such-program"], status=1)
    errors = [e for e in map(json.loads, lines) if e["event"] == "error"]
    equal([(e["call"], e["method"], e["data"], e["written"]) for e in errors],
          [(1, "one", None, False)])


@tap.case("--call-timeout")
def test_call_timeout():
    start = time.monotonic()
    lines, stderr = run_calls("--json", "--call-timeout=200ms", "--exit-timeout=100ms",
                              "--term-timeout=100ms", "--call", "sleep", "[60000]", status=1)
    assert time.monotonic() - start < 15, f"{time.monotonic() - start} s"
    errors = [e for e in map(json.loads, lines) if e["event"] == "error"]
    equal([(e["method"], e["kind"]) for e in errors], [("sleep", "timed-out")])
    expect(stderr, "“sleep” failed", "in time")
    lines, _ = run_calls("--call-timeout=0", "--call", "sleep", "[100]")
    equal(lines, ['"slept"'])


@tap.case("Ctrl-C in a call ends it, with status 1")
def test_call_interrupted():
    with Tool("run", "--json", "--exit-timeout=100ms", "--term-timeout=100ms",
              "--call", "sleep", "[60000]", "--call", "ping", "--", *ECHO) as tool:
        tool.read_event("log")
        tool.finish(1)
        equal([e["method"] for e in tool.events("error")], ["sleep", "ping"])
        equal(tool.states(), CLEAN)


# An MCP and a language server, as small as they can be: each answers with the method.
MCP = [sys.executable, "-c",
       "import json, sys\n"
       "for line in sys.stdin:\n"
       "    message = json.loads(line)\n"
       "    print(message['method'], file=sys.stderr, flush=True)\n"
       "    if 'id' in message:\n"
       "        print(json.dumps({'jsonrpc': '2.0', 'id': message['id'],\n"
       "                          'result': {'method': message['method']}}), flush=True)\n"]
LSP = [sys.executable, "-c",
       "import json, sys\n"
       "while True:\n"
       "    length = 0\n"
       "    while (line := sys.stdin.buffer.readline().strip()):\n"
       "        length = int(line.partition(b':')[2])\n"
       "    if not length: break\n"
       "    message = json.loads(sys.stdin.buffer.read(length))\n"
       "    print(message['method'], file=sys.stderr, flush=True)\n"
       "    if message['method'] == 'exit': break\n"
       "    if 'id' not in message: continue\n"
       "    text = json.dumps({'jsonrpc': '2.0', 'id': message['id'],\n"
       "                       'result': {'method': message['method']}}, indent=1).encode()\n"
       "    sys.stdout.buffer.write(b'Content-Length: %d\\r\\n\\r\\n' % len(text) + text)\n"
       "    sys.stdout.buffer.flush()\n"]


@tap.case("the handshake of MCP and LSP comes before the calls")
def test_handshakes():
    for protocol, host, seen in (
            ("mcp", MCP, ["initialize", "notifications/initialized", "tools/list"]),
            ("mcp-2026", MCP, ["server/discover", "tools/list"]),
            ("lsp", LSP, ["initialize", "initialized", "tools/list", "shutdown", "exit"])):
        with Tool("run", "--json", f"--protocol={protocol}", "--call", "tools/list", "--",
                  *host) as tool:
            tool.expect_status(0)
            equal([e["result"] for e in tool.events("result")], [{"method": "tools/list"}])
            equal([e["line"] for e in tool.events("log")], seen)
    lines, _ = run_calls("--protocol=lsp", "--call", "pretty", "{}", host=LSP)
    equal(len(lines), 1)
    equal(json.loads(lines[0]), {"method": "pretty"})


@tap.case("a script of process.send() is called by --transport=node-ipc")
def test_transport():
    if not shutil.which("node"):
        raise tap.Skip("there is no node in PATH")
    host = ["node", str(ROOT / "tests" / "hosts" / "node-ipc.js")]
    lines, stderr = run_calls("--transport=node-ipc", "--call", "add", "[2, 40]", host=host)
    equal(lines, ["42"])
    expect(stderr, " disconnected")
    # Without a call, too, it means that there are messages: else the script had none to answer. A probe
    # may come together with the answer, and Node throws where nobody listens to what it has read already.
    lines, stderr = run_calls("--transport=node-ipc", "--restart=never", host=[
        "node", "-e", "process.on('message', () => process.connected && process.disconnect())\n"
        "process.send({ jsonrpc: '2.0', id: 1, method: 'x' })"])
    assert "error" not in stderr, stderr


@tap.case("results that are not clean are printed as clean JSON")
def test_dirty_result():
    script = ("import json, sys\n"
              "call = json.loads(sys.stdin.readline())['id']\n"
              "sys.stdout.buffer.write(b'{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":[\"' % call +\n"
              "                        bytes([0xff, 0xc2, 0x9b, 0x7f]) + b'\"]}\\n')\n"
              "sys.stdout.flush()\n"
              "sys.stdin.read()\n")
    lines, _ = run_calls("--call", "x", host=[sys.executable, "-c", script])
    equal(lines, ['["\ufffd\\u009b\\u007f"]'])


@tap.case("a spec file says by which protocol it is called")
def test_call_file():
    with Folder() as folder:
        file = folder / "host.exthost"
        text = f"[Extension Host]\nExec='{ECHO[0]}' '{ECHO[1]}'\n"
        file.write_text(text + "Protocol=plain\n")
        with Tool("run", "--call", "add", "[1]", str(file)) as tool:
            tool.expect_status(0)
            equal([json.loads(line) for line in tool.lines], [{"sum": 1}])
        file.write_text(text + "Protocol=none\n")
        with Tool("run", "--call", "add", "[1]", str(file)) as tool:
            tool.expect_status(2)
            expect(tool.stderr, "protocol")


# At a terminal

@tap.case("at a terminal each line is a call, and Ctrl-D stops")
def test_interactive():
    with Terminal("--protocol=plain", "--color=never", *ECHO) as terminal:
        terminal.show(" running ")
        expect(terminal.tool.stderr, "METHOD [JSON]", "!METHOD", "Ctrl-D")
        terminal.type('\n   \nadd [1, 2, 39]\n')
        terminal.show('add → {"sum": 42}')
        terminal.type('  echo   {"a": [1]}  \n')
        terminal.show('echo → {"a": [1]}')
        terminal.type('ping\nadd [40, 2, 1]\n')
        terminal.show('ping → "pong"')
        terminal.show('add → {"sum": 43}')
        terminal.type("\x04")
        terminal.show(" stopped ")
        terminal.expect_status(0)
        assert "Stopping" not in terminal.tool.stderr, terminal.tool.stderr
        assert "error" not in terminal.tool.stderr, terminal.tool.stderr


@tap.case("mistakes at a terminal are told and do no harm")
def test_interactive_errors():
    with Terminal("--protocol=plain", *ECHO) as terminal:
        for line, told in (("nothing", "error -32601"), ("add [1, ", "byte 3"),
                           ("add 42", "object or array"), ("add [1] [2]", "byte"),
                           ("[1]", "METHOD [JSON]"), ("!", "METHOD [JSON]"),
                           ('add ["x"]', "error -32602"), ("crash", "status 7")):
            terminal.type(line + "\n")
            wait_until(lambda text=told: text in terminal.tool.stderr, f"{line} is told")
        terminal.type("ping\n")
        terminal.show('"pong"')
        terminal.type("\x04")
        terminal.expect_status(0)


@tap.case("notifications go out with “!”, and come in dimmed")
def test_interactive_notifications():
    with Terminal("--protocol=plain", *ECHO) as terminal:
        terminal.type('!note {"a": 1}\n! bare\n')
        terminal.show('echo/noticed {"method":"note","params":{"a":1}}\033[0m')
        terminal.show('echo/noticed {"method":"bare","params":null}\033[0m')
        line = next(line for line in terminal.output.splitlines() if "noticed" in line)
        assert line.startswith("\033[2m"), repr(line)
        expect(line, " note │ ")
        terminal.type("\x04")
        terminal.expect_status(0)
    with Terminal("--protocol=plain", "--json", *ECHO) as terminal:
        terminal.type("!note [7]\nadd [7]\n")
        terminal.show('"result":{"sum": 7}}')
        events = [json.loads(line) for line in terminal.output.splitlines()
                  if line.startswith("{") and line.endswith("}")]
        notes = [e for e in events if e["event"] == "notification"]
        equal([(e["method"], e["params"]) for e in notes],
              [("echo/noticed", {"method": "note", "params": [7]})])
        terminal.type("\x04")
        terminal.expect_status(0)


@tap.case("what is pending at Ctrl-D is still answered")
def test_interactive_pending():
    with Terminal("--protocol=plain", *ECHO) as terminal:
        terminal.type("sleep [3000]\nsleep [2500]\n\x04")
        terminal.show('"slept"')
        terminal.expect_status(0)
        expect(terminal.tool.stderr, "Waiting for 2 answers")
    with Terminal("--protocol=plain", "--exit-timeout=100ms", "--term-timeout=100ms",
                  *ECHO) as terminal:
        terminal.type("sleep [60000]\n\x04")
        wait_until(lambda: "Waiting for 1 answer " in terminal.tool.stderr, "it says that it waits")
        terminal.tool.send(signal.SIGINT)
        terminal.expect_status(0)
        expect(terminal.tool.stderr, "“sleep” failed")


@tap.case("Ctrl-C at a terminal is as ever, and Ctrl-D after it does not kill")
def test_interactive_interrupt():
    with Terminal("--protocol=plain", "--color=never", "--exit-timeout=5min", *ECHO) as terminal:
        terminal.show(" running ")
        terminal.type("ping\n")
        terminal.show('"pong"')
        terminal.tool.send(signal.SIGINT)
        terminal.show(" stopping ")
        terminal.type("\x04")
        terminal.expect_status(0)
        expect(terminal.tool.stderr, "Ctrl-C again")
        assert "Killing" not in terminal.tool.stderr, terminal.tool.stderr


@tap.case("the input is left alone without a protocol, with --call, and when it is no terminal")
def test_input_unread():
    with Terminal("--color=never", *POLITE) as terminal:
        terminal.show(" running ")
        terminal.type("ping\n\x04")
        time.sleep(0.3)
        assert terminal.tool.process.poll() is None, "it read the end of its input"
        assert "METHOD" not in terminal.tool.stderr, terminal.tool.stderr
        terminal.tool.send(signal.SIGINT)
        terminal.expect_status(0)
    with Terminal("--call", "sleep", "[300]", *ECHO) as terminal:
        terminal.type("\x04")
        terminal.show('"slept"')
        terminal.expect_status(0)
    read, write = os.pipe()
    os.write(write, b"nothing\n")
    with Tool("run", "--json", "--protocol=plain", *ECHO, stdin=read) as tool:
        tool.read_event("log")
        os.close(write)
        time.sleep(0.3)
        tool.finish()
        equal(tool.states(), CLEAN)
        equal(os.read(read, 100), b"nothing\n")
    os.close(read)


BACKGROUND = """
import fcntl, os, signal, subprocess, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
process = subprocess.Popen(sys.argv[1:], preexec_fn=os.setpgrp)
print("started", process.pid, file=sys.stderr, flush=True)
sys.exit(process.wait())
"""


@tap.case("in the background it neither halts nor takes the input of the foreground")
def test_background():
    main, other = pty.openpty()
    mark = uuid.uuid4().hex
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen([sys.executable, "-c", BACKGROUND, TOOL, "run", "--json",
                                    "--protocol=plain", *ECHO],
                                   stdin=other, stdout=subprocess.PIPE, stderr=stderr,
                                   env={**os.environ, MARK: mark})
        try:
            os.set_blocking(process.stdout.fileno(), False)
            output = b""
            def seen(word):
                nonlocal output
                output += process.stdout.read() or b""
                return word in output
            wait_until(lambda: seen(b"echo on Python"), "it runs")
            os.write(main, b"ping\n")
            time.sleep(0.5)
            assert not seen(b'"pong"'), "it took a line that was not for it"
            pid = int(re.search(r"started (\d+)", os.pread(stderr.fileno(), 65536, 0).decode())[1])
            state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            assert state != "T", "it was halted"
            os.kill(pid, signal.SIGINT)
            equal(process.wait(DEADLINE), 0)
        finally:
            for pid in find_marked(mark):
                os.kill(pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
            os.close(main)
            os.close(other)


tap.run()
