#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host of `extension-host run` on the session bus: what a second terminal sees of it and may do."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

from tool_bus import ROOT, Bus, tap

from tool_run import Folder, equal, expect, wait_until  # pylint: disable=wrong-import-order

RPC_HOST = os.environ.get("RPC_HOST", "rpc-host")
NAME = "org.extensionhost.Run"
RUNTIMES = {"EXTENSION_HOST_RUNTIME_DIR": str(ROOT / "tests" / "data" / "runtimes")}


def find(bus, *ids):
    """Waits until they are on the bus."""
    wait_until(lambda: sorted(bus.run("list", "--quiet")[0]) == sorted(ids), f"{ids} are there")


@tap.case("status, call, restart and history work from a second terminal, and who asked is told")
def test_second_terminal():
    with Bus() as bus, bus.tool("run", "--json", "--id=echo", "--protocol=plain", "--", RPC_HOST) as run:
        run.read_event("state-changed", new="running")
        find(bus, "echo")
        status = bus.run_json("status", "echo")[0][0]
        equal((status["state"], status["application"]), ("running", NAME))
        equal(bus.run("call", "echo", "echo", '{"a": [1]}')[0], ['{"a": [1]}'])
        bus.run("restart", "--reason=new tires", "echo")
        asked = run.read_event("state-changed", reason="restart")
        equal(asked["detail"], "new tires")
        history = bus.run_json("history", "echo")[0]
        found = [e["detail"] for e in history if (e["requester"] or "").startswith(":1.")]
        equal(found, ["new tires", "new tires"])
        run.send(signal.SIGINT)
        run.expect_status(0)
        equal(bus.run("list", "--quiet")[0], [])


def has_states(bus, **states):
    found = bus.run_json("status", "stand-in")[0]
    return {id: state for id, state, _ in found[0]["extensions"]} == states


@tap.case("call EXTENSION/COMMAND calls an extension, as run --call does")
def test_extension_call():
    with Bus() as bus, Folder() as folder:
        (folder / "good.json").write_text("{}")
        (folder / "bad.json").write_text('{"activate": "badly"}')
        (folder / "worse.json").write_text('{"activate": "crash"}')
        with bus.tool("run", "--json", "--runtime=stand-in", "--backoff-initial=10ms", "good.json", "bad.json",
                      "worse.json", environment=RUNTIMES, cwd=folder) as run:
            wait_until(lambda: bus.run("list", "--quiet")[0] == ["stand-in"], "it is there")
            wait_until(lambda: has_states(bus, good="active", bad="failed", worse="quarantined"), "they settled")
            # Arguments are handed on as they are, and the answer is printed so.
            equal(bus.run("call", "stand-in", "good/who", '{"a": [1e2, "ü\\""]}')[0],
                  ['{"id": "good", "arguments": {"a": [100.0, "\\u00fc\\""]}}'])
            equal(bus.run("call", "stand-in", "good/who")[0], ['{"id": "good", "arguments": null}'])
            event = bus.run_json("call", "stand-in", "good/who", "[1]")[0][0]
            equal((event["method"], event["result"]), ("good/who", {"id": "good", "arguments": [1]}))
            # Methods of the host are called as ever.
            equal(bus.run("call", "stand-in", "argv")[0], ["[]"])
            for method, kind, words in (("bad/who", "failed", ["“bad”", "on purpose"]),
                                        ("worse/who", "quarantined", ["“worse”", "2 times in a row"]),
                                        ("good/nothing-like-it", "rpc", ["has no command"])):
                (event,), stderr = bus.run_json("call", "stand-in", method, status=1)
                equal((event["event"], event["method"], event["kind"]), ("error", method, kind))
                expect(stderr, "error: ", *words)
                # None of that is about the host.
                assert "hint" not in stderr, stderr
            run.send(signal.SIGINT)
            run.expect_status(0)


@tap.case("the completion offers the extensions of a host to call, but none that cannot be called")
def test_completion():
    if not shutil.which("bash"):
        raise tap.Skip("there is no bash")
    with Bus() as bus, Folder() as folder:
        for name, what in (("good", "well"), ("great", "well"), ("other", "well"), ("bad", "badly")):
            (folder / f"{name}.json").write_text(json.dumps({"activate": what}))
        with bus.tool("run", "--json", "--id=two words", "--runtime=stand-in", "good.json", "great.json", "other.json",
                      "bad.json", environment=RUNTIMES, cwd=folder) as run:
            for _ in range(3):
                run.read_event("extension", state="active")
            run.read_event("extension", state="failed")
            find(bus, "two words")
            script = (f"source '{ROOT}/data/completions/extension-host'\ncompopt () {{ :; }}\n"
                      "complete_words () { COMP_WORDS=(\"$EXTENSION_HOST_TOOL\" \"$@\"); COMP_CWORD=$#\n"
                      "  _extension_host; printf '%s|' \"${COMPREPLY[@]}\"; echo; }\n"
                      "complete_words call 'two\\ words' ''\ncomplete_words call --json 'two\\ words' g\n"
                      "complete_words call 'two\\ words' bad/ ''\ncomplete_words call nobody ''\n")
            result = subprocess.run(["bash", "-c", script], env=bus.environment, capture_output=True,
                                    encoding="utf-8", check=True)
            equal([line.rstrip("|").split("|") for line in result.stdout.splitlines()],
                  [["good/", "great/", "other/"], ["good/", "great/"], [""], [""]])
            run.send(signal.SIGINT)
            run.expect_status(0)


@tap.case("call waits for an extension that is being activated, and for no longer than it is told to")
def test_extension_wait():
    with Bus() as bus, Folder() as folder:
        (folder / "slow.json").write_text('{"activate": "slowly"}')
        with bus.tool("run", "--json", "--runtime=stand-in", "slow.json", environment=RUNTIMES, cwd=folder) as run:
            wait_until(lambda: bus.run("list", "--quiet")[0] == ["stand-in"], "it is there")
            wait_until(lambda: has_states(bus, slow="activating"), "it began")
            (event,), stderr = bus.run_json("call", "--timeout=20ms", "stand-in", "slow/who", status=1)
            equal((event["event"], event["kind"]), ("error", "timed-out"))
            expect(stderr, "“slow” is not active yet")
            with bus.tool("call", "stand-in", "slow/who") as call:
                wait_until(lambda: has_states(bus, slow="activating"), "it is asked for")
                (folder / "slow.json.go").touch()
                call.expect_status(0)
                equal(call.lines, ['{"id": "slow", "arguments": null}'])
            with bus.tool("call", "stand-in", "slow/who") as call:
                call.expect_status(0)
            run.send(signal.SIGINT)
            run.expect_status(0)


@tap.case("call does not wait for an extension of a host that is down until it is resumed")
def test_extension_paused():
    with Bus() as bus, Folder() as folder:
        (folder / "good.json").write_text("{}")
        with bus.tool("run", "--json", "--runtime=stand-in", "--backoff-initial=10ms", "good.json",
                      environment=RUNTIMES, cwd=folder) as run:
            run.read_event("extension", state="active")
            find(bus, "stand-in")
            bus.run("pause", "stand-in")
            os.kill(bus.run_json("status", "stand-in")[0][0]["pid"], signal.SIGKILL)
            run.read_event("state-changed", new="unhealthy")
            wait_until(lambda: has_states(bus, good="lost"), "it is lost")
            # The call itself has a limit of time.
            with bus.tool("call", "stand-in", "good/who") as call:
                wait_until(lambda: bus.run_json("status", "stand-in")[0][0]["pending-calls"] == 1, "it is called")
                bus.run("resume", "stand-in")
                call.expect_status(0)
            run.send(signal.SIGINT)
            run.expect_status(0)


def is_idle(pid):
    """Whether it has run, and for a while not again: whatever it does then is to wait."""
    path = pathlib.Path(f"/proc/{pid}/schedstat")
    before = path.read_text()
    time.sleep(0.3)
    return not before.startswith("0 ") and path.read_text() == before


@tap.case("call does not wait for an extension when the bus is gone")
def test_extension_without_bus():
    with Bus() as bus, Folder() as folder:
        (folder / "never.json").write_text('{"activate": "never"}')
        with bus.tool("run", "--json", "--runtime=stand-in", "never.json", environment=RUNTIMES, cwd=folder) as run:
            find(bus, "stand-in")
            wait_until(lambda: has_states(bus, never="activating"), "it began")
            with bus.tool("call", "stand-in", "never/who") as call:
                wait_until(lambda: is_idle(call.process.pid), "it waits")
                bus.daemon.kill()
                call.expect_status(1)
            run.send(signal.SIGTERM)
            run.expect_status(0)


@tap.case("call: a mistyped extension is named, with those that there are")
def test_mistyped_extension():
    with Bus() as bus, Folder() as folder:
        (folder / "markdown.json").write_text("{}")
        with bus.tool("run", "--json", "--runtime=stand-in", "--backoff-initial=10ms", "markdown.json",
                      environment=RUNTIMES, cwd=folder) as run:
            run.read_event("extension", state="active")
            wait_until(lambda: has_states(bus, markdown="active"), "it is there")
            for method, words in (("markdwn/who", ["no extension “markdwn”", "Did you mean “markdown”?"]),
                                  ("x/who", ["no extension “x”", "“markdown”"]),
                                  ("who", ["ID/COMMAND", "“markdown”"])):
                _, stderr = bus.run("call", "stand-in", method, status=1)
                expect(stderr, f"There is no method “{method}”", "hint: ", *words)
            run.send(signal.SIGINT)
            run.expect_status(0)


@tap.case("a stop from elsewhere ends run with status 0; with --keep it stays, and can be started")
def test_stop():
    with Bus() as bus:
        with bus.tool("run", "--json", "--id=a", "--", "cat") as run:
            run.read_event("state-changed", new="running")
            find(bus, "a")
            bus.run("stop", "a")
            run.expect_status(0)
        with bus.tool("run", "--json", "--keep", "--id=a", "--", "cat") as run:
            run.read_event("state-changed", new="running")
            find(bus, "a")
            bus.run("stop", "a")
            run.read_event("state-changed", new="stopped")
            bus.run("start", "a")
            run.read_event("state-changed", new="running")
            run.send(signal.SIGINT)
            run.expect_status(0)


@tap.case("each crash of a host that --keep keeps is told when it happens")
def test_kept_crashes():
    with Bus() as bus, bus.tool("run", "--json", "--keep", "--restart=never", "--id=a", "--", "false") as run:
        for n in (1, 2):
            run.read_event("state-changed", new="crashed", generation=n)
            wait_until(lambda n=n: run.stderr.count("“a” crashed") == n, "it is told")
            find(bus, "a")
            if n == 1:
                with bus.tool("start", "a") as start:   # it may have crashed before it is answered
                    start.process.wait(30)
        run.send(signal.SIGINT)
        run.expect_status(1)


@tap.case("who watches sees the last transition, however soon run leaves after it")
def test_last_transition():
    with Bus() as bus, bus.tool("monitor", "--json") as monitor:
        for i in range(10):
            with bus.tool("run", f"--id=h{i}", "--", "cat") as run:
                # Both names are there before the host goes: its end is what this is about.
                monitor.read_event("host-added", id=f"h{i}")
                run.send(signal.SIGTERM)
                run.expect_status(0)
            monitor.read_event("state-changed", id=f"h{i}", new="stopped")
            monitor.read_event("application-removed")
        monitor.send(signal.SIGINT)
        monitor.expect_status(0)


@tap.case("two of them are told apart")
def test_two():
    with Bus() as bus, bus.tool("run", "--json", "--id=a", "--", "cat") as first:
        first.read_event("state-changed", new="running")
        find(bus, "a")
        with bus.tool("run", "--json", "--id=a", "--", "cat") as second:
            second.read_event("state-changed", new="running")
            wait_until(lambda: len(bus.run("list", "--quiet")[0]) == 2, "both are there")
            names = [e["application"] for e in bus.run_json("list")[0]]
            equal(names[0], NAME)
            assert names[1].startswith(f"{NAME}.instance"), names
            _, stderr = bus.run("stop", "a", status=1)
            expect(stderr, f"{NAME}/a", f"{names[1]}/a")
            bus.run("stop", f"{names[1]}/a")
            second.expect_status(0)
        bus.run("stop", f"{NAME}/a")
        first.expect_status(0)


@tap.case("without a bus, or with one that is gone or stands still, run does what it does")
def test_no_bus():
    with Bus() as bus:
        for address in ("", "disabled:", "unix:path=/nowhere/bus"):
            with bus.tool("run", "--json", "--restart=on-failure", "--", "true",
                          environment={"DBUS_SESSION_BUS_ADDRESS": address,
                                       "XDG_RUNTIME_DIR": "/nowhere"}) as run:
                run.read_event("state-changed", new="stopped")
                run.expect_status(0)
                equal(run.stderr, "")
        with bus.tool("run", "--json", "--id=still", "--", "cat") as run:
            run.read_event("state-changed", new="running")
            find(bus, "still")
            bus.daemon.send_signal(signal.SIGSTOP)
            try:
                before = time.monotonic()
                run.send(signal.SIGINT)
                run.expect_status(0)
                assert time.monotonic() - before < 15
            finally:
                bus.daemon.send_signal(signal.SIGCONT)
            equal([e["new"] for e in map(json.loads, run.lines) if e["event"] == "state-changed"][-1],
                  "stopped")


tap.run()
