#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hundred clients that listen, and one that does not: the others and the application go on as ever."""

import fcntl
import os
import random
import socket
import struct
import termios

from dbus_run import (HOST, NAME, App, Bus, Gio, GLib, Listener, catch_up, host_path, wait_for,
                      wait_until)

import tap

N_CLIENTS = 100
N_CRASHES = 30
LONGEST_RESTART = 150    # ms, the median, on a machine that has other things to do
LONGEST_WAY = 500        # ms, of 99 % of the signals
ATTEMPTS = 5             # a machine that does other things for a second delays many of them


def quantile(samples, part):
    return sorted(samples)[int(part * (len(samples) - 1) + 0.5)]


class Client:
    """A connection that counts what it hears of one kind of signal."""

    def __init__(self, bus, owner):
        self.heard = []
        self.connection = bus.connect()
        self.connection.signal_subscribe(owner, HOST, "StateChanged", None, None,
                                         Gio.DBusSignalFlags.NONE, self._on_signal)
        # The match is on the bus before the answer to this.
        self.connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                  "org.freedesktop.DBus", "GetId", None, None,
                                  Gio.DBusCallFlags.NONE, -1, None)

    def _on_signal(self, _connection, _sender, path, _interface, _member, parameters):
        self.heard.append((path, parameters.get_child_value(5).get_uint64()))


class Deaf:
    """A client that asked for every signal and for many answers, and reads none of them."""

    def __init__(self, bus):
        self.serial = 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(bus.address.split("path=")[1].split(",")[0])
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        assert self.socket.recv(1000).startswith(b"OK "), "the bus does not know us"
        self.socket.sendall(b"BEGIN\r\n")
        self.send("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")
        self.send("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                  "AddMatch", GLib.Variant("(s)", ("type='signal'",)))

    def send(self, name, path, interface, method, body=None):
        message = Gio.DBusMessage.new_method_call(name, path, interface, method)
        self.serial += 1
        message.set_serial(self.serial)
        if body is not None:
            message.set_body(body)
        self.socket.sendall(message.to_blob(Gio.DBusCapabilityFlags.NONE))

    def count_unread(self):
        return struct.unpack("i", fcntl.ioctl(self.socket, termios.FIONREAD, b"\0" * 4))[0]

    def ask_much(self):
        """More than 1 MiB of answers, and the socket takes some 200 KiB."""
        for _ in range(1000):
            self.send(NAME, host_path("calm-0"), HOST, "Describe")

    def is_full(self):
        before = self.count_unread()
        wait_for(0.1)
        return before > 64 * 1024 and self.count_unread() == before


def crash_often(app):
    """How long each restart took in the application, from the SIGKILL to running, in ms."""
    begun = len(app.events("crashing"))
    count = len(app.events("state-changed", host="calm-0", new="running"))
    for number in range(1, N_CRASHES + 1):
        app.tell("crash calm-0")
        app.wait_event("state-changed", count + number, host="calm-0", new="running")
    killed = app.events("crashing")[begun:]
    running = app.events("state-changed", host="calm-0", new="running")[count:]
    return [(up["monotonic"] - down["monotonic"]) / 1000 for down, up in zip(killed, running)]


def start(app):
    app.tell("start calm-0")
    app.wait_event("state-changed", host="calm-0", new="running")


def report(what, samples):
    print(f"# {what}: median {quantile(samples, 0.5):.2f} ms, 99 % {quantile(samples, 0.99):.2f} ms, "
          f"max {max(samples):.2f} ms")


def get_delays(app, listener, begun):
    """From each transition, those before BEGUN excepted, to its arrival, in ms."""
    return [(arrived - line["monotonic"]) / 1000
            for line, arrived in zip(app.events("state-changed"), listener.arrivals)][begun:]


@tap.case("100 clients hear everything, and restarts take no longer for it")
def test_crowd():
    with Bus() as bus, App(bus, "--calm=3") as app:
        start(app)
        alone = crash_often(app)
        report("restarts without clients", alone)

        # What the owner is called does not change from here on.
        listener = Listener(bus)
        clients = [Client(bus, listener.owner) for _ in range(N_CLIENTS)]
        begun = len(app.transitions())
        watched = crash_often(app)
        app.tell(f"walk {random.randrange(1 << 31)} 100")
        app.wait_event("walked")
        app.settle()
        report(f"restarts with {N_CLIENTS} clients", watched)

        journal = [(host_path(transition[0]), transition[6])
                   for transition in app.transitions()[begun:]]
        assert len(journal) > 4 * N_CRASHES, journal
        for client in clients:
            catch_up(client.connection)
        print(f"# {len(journal)} transitions, each heard by {N_CLIENTS}")
        for number, client in enumerate(clients):
            assert client.heard == journal, f"client {number} heard something else"
        for _ in range(ATTEMPTS):
            if quantile(watched, 0.5) < LONGEST_RESTART:
                return
            watched = crash_often(app)
            report("restarts once more", watched)
        assert False, "restarts take longer"


@tap.case("a client that never reads delays nobody")
def test_deaf():
    with Bus() as bus, App(bus, "--calm=2") as app:
        listener = Listener(bus)
        deaf = Deaf(bus)
        start(app)
        deaf.ask_much()
        wait_until(deaf.is_full, "nothing more fits into the socket")

        for _ in range(ATTEMPTS):
            begun = len(listener.arrivals)
            restarts = crash_often(app)
            catch_up(listener.connection)
            report("restarts beside a deaf client", restarts)
            delays = get_delays(app, listener, begun)
            report("the way to another client", delays)
            assert listener.transitions == app.transitions(), "something did not arrive"
            assert deaf.count_unread() < 512 * 1024, "nothing had to wait for it"
            prompt = (quantile(restarts, 0.5) < LONGEST_RESTART and
                      quantile(delays, 0.99) < LONGEST_WAY)
            if prompt:
                break
        assert prompt, (restarts, delays)
        deaf.socket.close()

        app.tell("stop calm-0")
        app.wait_event("state-changed", host="calm-0", new="stopped")
        catch_up(listener.connection)
        assert listener.transitions == app.transitions(), "its end was noticed"


tap.run()
