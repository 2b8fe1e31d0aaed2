#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The hosts of an application as clients see them that others wrote: busctl, gdbus, GDBus in Python."""

import json
import re
import shutil
import subprocess
import threading

from dbus_run import (DEADLINE, HOST, MANAGER, NAME, PATH, App, Bus, Gio, GLib, host_path,
                      wait_until)

import tap

CALM = host_path("calm-0")
RPC = host_path("rpc-0")


def equal(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


def expect(text, *parts):
    for part in parts:
        assert part in text, f"“{part}” is not in: {text}"


# Programs, none of which runs for ever

def need(program):
    if shutil.which(program) is None:
        raise tap.Skip(f"no {program}")


def run(bus, *command, status=0):
    """What it prints; with another status than 0, what it complains about."""
    done = subprocess.run(["timeout", str(DEADLINE), *command], env=bus.environment, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == status, f"{command}: {done.returncode}, {done.stderr}"
    return done.stdout if status == 0 else done.stderr


def busctl(bus, *arguments, **options):
    return run(bus, "busctl", "--user", *arguments, **options)


def gdbus(bus, *arguments, **options):
    return run(bus, "gdbus", *arguments, **options)


class Monitor:
    """A program that prints what it hears until it is killed."""

    def __init__(self, bus, *command):
        self.lines = []
        # The process that is killed is the program: timeout would leave it behind.
        self.process = subprocess.Popen(command, env=bus.environment, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.timer = threading.Timer(DEADLINE, self.process.kill)
        self.timer.start()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.timer.cancel()
        self.process.kill()
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()

    def wait_line(self, condition, what):
        wait_until(lambda: any(condition(line) for line in self.lines[:]),
                   f"{what} is printed; there is {self.lines[-3:]}")


def run_calm(app):
    """The states of a host that is started: stopped, starting, running."""
    count = len(app.events("state-changed", host="calm-0", new="running"))
    app.tell("start calm-0")
    app.wait_event("state-changed", count + 1, host="calm-0", new="running")


# busctl

@tap.case("busctl tree and introspect show what there is")
def test_busctl_introspect():
    need("busctl")
    with Bus() as bus, App(bus, "--calm=1", "--rpc=1"):
        paths = busctl(bus, "--list", "tree", NAME).split()
        for path in (PATH, PATH + "/hosts", CALM, RPC):
            assert path in paths, f"{path} is not in {paths}"

        text = busctl(bus, "introspect", NAME, PATH)
        expect(text, "org.freedesktop.DBus.ObjectManager", MANAGER, ".ListHosts", ".Shutdown")
        text = busctl(bus, "introspect", NAME, CALM)
        assert re.search(r"^\.StateChanged +signal +sssstt +- +-$", text, re.MULTILINE), text
        assert re.search(r'^\.State +property +s +"stopped" +emits-change$', text, re.MULTILINE), text
        assert re.search(r'^\.Id +property +s +"calm-0" +const$', text, re.MULTILINE), text
        # Without a word on changes busctl shows “-”.
        assert re.search(r"^\.PendingCalls +property +u +0 +-$", text, re.MULTILINE), text
        assert re.search(r"^\.Start +method +a\{sv\} +- +-$", text, re.MULTILINE), text


@tap.case("busctl get-property and call")
def test_busctl_call():
    need("busctl")
    with Bus() as bus, App(bus, "--calm=1", "--rpc=1"):
        equal(busctl(bus, "get-property", NAME, PATH, MANAGER, "Access"), 's "call"\n')
        equal(busctl(bus, "get-property", NAME, CALM, HOST, "State", "Pid"), 's "stopped"\nu 0\n')
        busctl(bus, "call", NAME, CALM, HOST, "Start", "a{sv}", "1", "reason", "s", "by hand")
        equal(busctl(bus, "get-property", NAME, CALM, HOST, "State"), 's "running"\n')
        history = json.loads(busctl(bus, "--json=short", "call", NAME, CALM, HOST, "GetHistory",
                                    "u", "0"))["data"][0]
        equal([entry["new"]["data"] for entry in history], ["starting", "running"])
        equal(history[0]["detail"]["data"], "by hand")
        assert re.fullmatch(r":1\.\d+ \(pid \d+\)", history[0]["requester"]["data"]), history

        busctl(bus, "call", NAME, RPC, HOST, "Start", "a{sv}", "0")
        text = busctl(bus, "call", NAME, RPC, HOST, "Call", "ssu", "echo", '{"a":[1,2]}', "0")
        equal(text, 's "{\\"a\\":[1,2]}"\n')
        outcome = busctl(bus, "call", NAME, CALM, HOST, "Stop", "a{sv}", "0")
        expect(outcome, '"exited" b true', '"forced" b false')
        text = busctl(bus, "call", NAME, CALM, HOST, "Start", "a{sv}", "1", "how", "s", "x",
                      status=1)
        expect(text, "There is no option “how”")


@tap.case("busctl monitor sees each property before the signal about it")
def test_busctl_monitor():
    need("busctl")
    with Bus() as bus, App(bus, "--calm=1") as app, \
            Monitor(bus, "busctl", "--user", "--json=short", "monitor", NAME) as monitor:
        monitor.wait_line(lambda line: "Monitoring bus message stream" in line, "that it monitors")
        run_calm(app)
        monitor.wait_line(lambda line: '"HostStateChanged"' in line and '"running"' in line,
                          "the end of the start")
        messages = [json.loads(line) for line in monitor.lines if line.startswith("{")]
        seen = []
        for message in messages:
            data = message["payload"]["data"]
            if message.get("member") == "PropertiesChanged" and "State" in data[1]:
                equal(message["path"], CALM)
                seen.append(("State", data[1]["State"]["data"], data[1]["Sequence"]["data"]))
            elif message.get("member") == "StateChanged":
                seen.append(("StateChanged", data[1], data[5]))
            elif message.get("member") == "HostStateChanged":
                equal((message["path"], data[0]), (PATH, CALM))
                seen.append(("HostStateChanged", data[2], data[4]))
        equal(seen, [(what, state, sequence)
                     for sequence, state in ((1, "starting"), (2, "running"))
                     for what in ("State", "StateChanged", "HostStateChanged")])


# gdbus

@tap.case("gdbus introspect and call")
def test_gdbus_call():
    need("gdbus")
    with Bus() as bus, App(bus, "--calm=1", access="control"):
        text = gdbus(bus, "introspect", "--session", "--dest", NAME, "--object-path", PATH,
                     "--recurse")
        expect(text, f"node {CALM} ", f"interface {HOST} ", f"interface {MANAGER} ",
               "readonly s State = 'stopped';", "readonly s Access = 'control';")

        def call(method, *arguments, path=CALM, **options):
            return gdbus(bus, "call", "--session", "--dest", NAME, "--object-path", path,
                         "--method", method, *arguments, **options)
        equal(call(MANAGER + ".ListHosts", path=PATH), f"([objectpath '{CALM}'],)\n")
        equal(call(HOST + ".Start", "{}"), "()\n")
        expect(call(HOST + ".Describe"), "'state': <'running'>", "'id': <'calm-0'>")
        text = call(HOST + ".Call", "ping", "", "0", status=1)
        expect(text, "org.freedesktop.DBus.Error.AccessDenied")
        text = call(HOST + ".Kill", "{}")
        expect(text, "'rung': <'kill'>", "'forced': <true>")
        call(HOST + ".Quarantine", "{}")
        expect(call(HOST + ".Start", "{}", status=1), "org.extensionhost.Error.Quarantined")


@tap.case("gdbus monitor sees each property before the signal about it")
def test_gdbus_monitor():
    need("gdbus")
    with Bus() as bus, App(bus, "--calm=1") as app, \
            Monitor(bus, "gdbus", "monitor", "--session", "--dest", NAME) as monitor:
        monitor.wait_line(lambda line: "is owned by" in line, "that it monitors")
        run_calm(app)
        monitor.wait_line(lambda line: "HostStateChanged" in line and "'running'" in line,
                          "the end of the start")
        seen = []
        for line in monitor.lines:
            state = re.search(r"PropertiesChanged \(.*'State': <'(\w+)'>", line)
            signal = re.search(r"Host1\.StateChanged \('\w+', '(\w+)'", line)
            if state or signal:
                expect(line, CALM + ": ")
                seen.append(("State", state[1]) if state else ("StateChanged", signal[1]))
        equal(seen, [("State", "starting"), ("StateChanged", "starting"),
                     ("State", "running"), ("StateChanged", "running")])


# GDBus in Python

def operate(proxy, method, *arguments):
    """Without blocking, so that signals are taken meanwhile."""
    answers = []

    def on_answer(source, result):
        answers.append(source.call_finish(result))
    proxy.call(method, GLib.Variant("(a{sv})", arguments or ({},)), Gio.DBusCallFlags.NONE,
               DEADLINE * 1000, None, on_answer)
    wait_until(lambda: answers, f"{method} is answered")
    return answers[0].unpack()


@tap.case("a proxy caches the properties, and updates them before it tells of a transition")
def test_proxy():
    with Bus() as bus, App(bus, "--calm=1"):
        proxy = Gio.DBusProxy.new_sync(bus.connect(), Gio.DBusProxyFlags.NONE, None, NAME, CALM,
                                       HOST, None)
        seen = []

        def on_properties(_proxy, changed, _invalidated):
            if "State" in changed.keys():
                seen.append(("g-properties-changed", changed["State"], changed["Sequence"]))

        def on_signal(source, _sender, signal, parameters):
            if signal == "StateChanged":
                _old, new, *_rest, sequence = parameters.unpack()
                cached = [source.get_cached_property(name).unpack() for name in ("State", "Sequence")]
                seen.append(("g-signal", new, sequence) if cached == [new, sequence]
                            else ("g-signal", new, sequence, "but", cached))
        proxy.connect("g-properties-changed", on_properties)
        proxy.connect("g-signal", on_signal)

        equal(proxy.get_cached_property("State").unpack(), "stopped")
        operate(proxy, "Start")
        assert proxy.get_cached_property("Pid").unpack() > 0
        operate(proxy, "Stop")
        wait_until(lambda: len(seen) >= 8, "all is told")
        equal(seen, [(what, state, sequence) for sequence, state in
                     enumerate(("starting", "running", "stopping", "stopped"), 1)
                     for what in ("g-properties-changed", "g-signal")])
        equal(proxy.get_cached_property("Pid").unpack(), 0)
        expect(proxy.get_cached_property("LastExit").unpack()["text"], "exited")


class Hosts:
    """An object manager client, and the hosts that came and went."""

    def __init__(self, bus):
        self.news = []
        self.client = Gio.DBusObjectManagerClient.new_sync(
            bus.connect(), Gio.DBusObjectManagerClientFlags.NONE, NAME, PATH, None, None, None)
        for signal, sign in (("object-added", "+"), ("object-removed", "-")):
            self.client.connect(signal, lambda _client, found, sign=sign:
                                self.news.append(sign + found.get_object_path()))

    def get_paths(self):
        return sorted(found.get_object_path() for found in self.client.get_objects())

    def get_state(self, path):
        return self.client.get_interface(path, HOST).get_cached_property("State").unpack()


@tap.case("an object manager client has the hosts, and those that come and go")
def test_object_manager():
    with Bus() as bus, App(bus, "--calm=1", "--rpc=1") as app:
        hosts = Hosts(bus)
        equal(hosts.get_paths(), sorted([CALM, RPC]))
        equal(hosts.get_state(CALM), "stopped")
        run_calm(app)
        wait_until(lambda: hosts.get_state(CALM) == "running", "the state is told")

        app.tell("add late")
        wait_until(lambda: hosts.news, "a host comes")
        app.tell("start late")
        late = host_path("late")
        wait_until(lambda: hosts.get_state(late) == "running", "its state is told")
        app.tell("remove late")
        wait_until(lambda: len(hosts.news) > 1, "it goes")
        equal(hosts.news, ["+" + late, "-" + late])
        equal(hosts.get_paths(), sorted([CALM, RPC]))


@tap.case("when the application ends, an object manager client sees it")
def test_end():
    with Bus() as bus:
        with App(bus, "--calm=2"):
            hosts = Hosts(bus)
            equal(len(hosts.get_paths()), 2)
            assert hosts.client.get_name_owner()
        wait_until(lambda: hosts.client.get_name_owner() is None, "the name is gone")
        equal(hosts.get_paths(), [])


tap.run()
