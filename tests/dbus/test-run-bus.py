#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host of `extension-host run` on the session bus: what a second terminal sees of it and may do."""

import json
import os
import signal
import time

from tool_bus import Bus, tap

from tool_run import equal, expect, wait_until  # pylint: disable=wrong-import-order

RPC_HOST = os.environ.get("RPC_HOST", "rpc-host")
NAME = "org.extensionhost.Run"


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
                assert time.monotonic() - before < 5
            finally:
                bus.daemon.send_signal(signal.SIGCONT)
            equal([e["new"] for e in map(json.loads, run.lines) if e["event"] == "state-changed"][-1],
                  "stopped")


tap.run()
