#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What another process hears of a thousand random operations, against the application's journal.

EXTENSION_HOST_TEST_SEED repeats the operations, if not what comes of them.
"""

import os
import random

from dbus_run import (DEADLINE, HOST, NAME, App, Bus, Gio, GLib, Listener, catch_up, host_path,
                      wait_for, wait_until)

import tap

SEED = int(os.environ.get("EXTENSION_HOST_TEST_SEED", random.randrange(1 << 31)))
OPERATIONS = 1000   # half of them from the application, half from the bus
N_CALM = 2
N_WILD = 4
LONGEST_PAUSE = 16   # ms

UPS = ["Start", "Start", "Start", "Restart", "Resume", "Release", "Reset"]
ALL = ["Start", "Stop", "Restart", "Kill", "Pause", "Resume", "Quarantine", "Release", "Reset"]
REFUSALS = {"org.extensionhost.Error." + name for name in (
    "InvalidTransition", "Quarantined", "AlreadyTerminated", "Superseded", "HostExited",
    "NotRunning", "Paused")}


class Caller:
    """Operates on the hosts from the bus, and collects what it is answered."""

    def __init__(self, bus):
        self.connection = bus.connect()
        self.asked = 0
        self.done = 0
        self.refused = []

    def operate(self, method, host):
        self.asked += 1
        self.connection.call(NAME, host_path(host), HOST, method,
                             GLib.Variant("(a{sv})", ({"reason": GLib.Variant("s", "a walk")},)),
                             None, Gio.DBusCallFlags.NONE, DEADLINE * 1000, None, self._on_answer)

    def _on_answer(self, connection, result):
        try:
            connection.call_finish(result)
            self.done += 1
        except GLib.Error as error:
            self.refused.append(Gio.DBusError.get_remote_error(error) or error.message)

    def walk(self, rand, hosts, count):
        for _ in range(count):
            self.operate(rand.choice(UPS if rand.random() < 0.7 else ALL), rand.choice(hosts))
            wait_for(rand.randint(0, LONGEST_PAUSE) / 1000)

    def is_answered(self):
        return self.done + len(self.refused) == self.asked


def walk(app, caller):
    rand = random.Random(SEED)
    hosts = [f"calm-{i}" for i in range(N_CALM)] + [f"wild-{i}" for i in range(N_WILD)]

    app.tell(f"walk {SEED} {OPERATIONS // 2}")
    caller.walk(rand, hosts, OPERATIONS // 2)
    app.wait_event("walked")
    # What was on its way to the application may start a host once more.
    while not caller.is_answered():
        app.settle()
        wait_for(0.1)
    app.settle()


def expect_same(heard, journal, what):
    for number, (found, expected) in enumerate(zip(heard, journal), 1):
        assert found == expected, f"{what} {number} is {found}, and was {expected}"
    assert len(heard) == len(journal), f"{len(heard)} of {len(journal)} came as {what}"


def expect_gap_free(transitions):
    last = {}
    for host, _old, new, _reason, _detail, _generation, sequence in transitions:
        assert sequence == last.get(host, 0) + 1, f"{host}: {sequence} after {last.get(host, 0)}"
        last[host] = sequence
    assert len(last) == N_CALM + N_WILD, f"only {sorted(last)} did anything"


@tap.case("every transition of 1000 random operations arrives, in order, after its properties")
def test_walk():
    print(f"# EXTENSION_HOST_TEST_SEED={SEED}")
    with Bus() as bus, App(bus, f"--calm={N_CALM}", f"--wild={N_WILD}", access="control") as app:
        listener = Listener(bus)
        caller = Caller(bus)
        walk(app, caller)

        journal = app.transitions()
        catch_up(listener.connection)
        print(f"# {len(journal)} transitions; {caller.done} of {caller.asked} calls done")
        expect_same(listener.transitions, journal, "StateChanged")
        expect_same(listener.summaries, [(*t[:4], t[6]) for t in journal], "HostStateChanged")
        expect_gap_free(listener.transitions)
        assert not listener.overtaken, f"before its properties: {listener.overtaken[0]}"
        assert len(journal) > OPERATIONS / 4, "too little happened"
        unknown = set(caller.refused) - REFUSALS
        assert not unknown, unknown


@tap.case("what is cached in the end is what the application has")
def test_cache():
    silent = {"PendingCalls", "QueuedBytes", "ProtocolErrors", "StaleEvents", "LastHealth"}

    def without_silent(properties):
        return {key: value for key, value in properties.items() if key not in silent}

    with Bus() as bus, App(bus, f"--calm={N_CALM}", f"--wild={N_WILD}", access="control") as app:
        listener = Listener(bus)
        app.tell(f"walk {SEED + 1} 100")
        app.wait_event("walked")
        app.settle()
        # No transition takes this along.
        app.tell("pause calm-0")
        wait_until(lambda: listener.hosts[host_path("calm-0")]["Control"] == "paused",
                   "the pause is told")
        fresh = listener.get_objects()
        for path, properties in listener.hosts.items():
            found, expected = without_silent(properties), without_silent(fresh[path][HOST])
            assert found == expected, f"{path} is {found}, and should be {expected}"


tap.run()
