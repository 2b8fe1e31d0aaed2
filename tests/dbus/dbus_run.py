# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private bus, the application on it, and a client that writes down all that it is told.

DBUS_APP names the application. Whatever waits here iterates the default main context.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

try:
    from gi.repository import Gio, GLib
except ImportError as error:
    print("TAP version 13")
    print(f"1..0 # SKIP no PyGObject: {error}")
    sys.exit(0)
if shutil.which("dbus-daemon") is None:
    print("TAP version 13")
    print("1..0 # SKIP no dbus-daemon")
    sys.exit(0)

DEADLINE = 60
APP_ID = "org.example.Clients"
NAME = APP_ID + ".ExtensionHosts"
PATH = "/org/extensionhost/Manager1"
MANAGER = "org.extensionhost.Manager1"
HOST = "org.extensionhost.Host1"
PROPERTIES = "org.freedesktop.DBus.Properties"

# The bus of a session, but for the services that it would start
CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_outgoing_bytes">1000000000</limit>
  <limit name="max_message_size">1000000000</limit>
  <limit name="max_connections_per_user">1000</limit>
  <limit name="max_completed_connections">1000</limit>
  <limit name="max_replies_per_connection">50000</limit>
</busconfig>
"""


def host_path(host):
    """Where a host is: what is no letter or digit in its id is written as _ and two digits."""
    escaped = "".join(c if c.isalnum() else f"_{ord(c):02x}" for c in host)
    return f"{PATH}/hosts/{escaped}"


def wait_until(condition, what, seconds=DEADLINE):
    end = time.monotonic() + seconds
    tick = GLib.timeout_add(10, lambda: GLib.SOURCE_CONTINUE)
    try:
        while not condition():
            assert time.monotonic() < end, f"gave up waiting until {what}"
            GLib.MainContext.default().iteration(True)
    finally:
        GLib.source_remove(tick)


def wait_for(seconds):
    """For what happens at its own pace, such as random operations."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not GLib.MainContext.default().iteration(False):
            time.sleep(0.0005)


def catch_up(connection):
    """Hears all that was sent so far: it comes before the answer to a call."""
    connection.call_sync(NAME, PATH, MANAGER, "ListHosts", None, None, Gio.DBusCallFlags.NONE,
                         DEADLINE * 1000, None)
    while GLib.MainContext.default().iteration(False):
        pass


class Bus:
    """A bus of the test's own; the session bus of what it starts."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="extension-host-bus-")
        configuration = os.path.join(self.folder, "bus.conf")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=self.folder))
        self.process = subprocess.Popen(
            ["dbus-daemon", f"--config-file={configuration}", "--nofork", "--print-address=1",
             "--nosyslog"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        assert self.address, "the bus does not start"
        self.environment = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": self.address}
        return self

    def __exit__(self, kind, value, trace):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.folder)

    def connect(self):
        flags = (Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
                 Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        return Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)


class App:
    """The application, with its journal as far as it has been read."""

    def __init__(self, bus, *options, access="call"):
        self.lines = []
        self.process = subprocess.Popen(
            [os.environ["DBUS_APP"], f"--app-id={APP_ID}", f"--access={access}", *options],
            env=bus.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        # It must never wait for us.
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def __enter__(self):
        self.wait_event("published")
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.tell("quit")
                status = self.process.wait(DEADLINE)
                assert status == 0, f"the application ended with status {status}"
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.thread.join()
            self.process.stdin.close()
            self.process.stdout.close()

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def events(self, event, **members):
        return [line for line in self.lines[:] if line["event"] == event and
                all(line[key] == members[key] for key in members)]

    def wait_event(self, event, count=1, **members):
        def has_come():
            assert self.process.poll() is None, "the application has ended"
            return len(self.events(event, **members)) >= count
        wait_until(has_come, f"the application says {event} {members}")
        return self.events(event, **members)[count - 1]

    def settle(self):
        count = len(self.events("settled"))
        self.tell("settle")
        self.wait_event("settled", count + 1)

    def transitions(self):
        """What the application saw itself, in order."""
        return [(line["host"], line["old"], line["new"], line["reason"], line["detail"],
                 line["generation"], line["sequence"]) for line in self.events("state-changed")]


class Listener:
    """A client that hears all that the application sends, and keeps the properties up to date."""

    def __init__(self, bus):
        self.connection = bus.connect()
        self.hosts = {}         # path → properties
        self.transitions = []   # as App.transitions ()
        self.summaries = []     # of the manager: host, old, new, reason, sequence
        self.arrivals = []      # of the transitions: monotonic, µs
        self.overtaken = []     # transitions that came before the properties that they change
        self.owner = self.call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                               "org.freedesktop.DBus", "GetNameOwner", "(s)", NAME)[0]
        self.connection.signal_subscribe(self.owner, None, None, None, None,
                                         Gio.DBusSignalFlags.NONE, self._on_signal)
        for path, interfaces in self.get_objects().items():
            self.hosts[path] = interfaces[HOST]

    def call(self, name, path, interface, method, types="()", *arguments):
        reply = self.connection.call_sync(name, path, interface, method,
                                          GLib.Variant(types, arguments), None,
                                          Gio.DBusCallFlags.NONE, DEADLINE * 1000, None)
        return reply.unpack()

    def get_objects(self):
        return self.call(NAME, PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]

    def _on_signal(self, _connection, _sender, path, interface, member, parameters):
        now = time.monotonic_ns() // 1000
        if (interface, member) == (PROPERTIES, "PropertiesChanged") and path in self.hosts:
            self.hosts[path].update(parameters.unpack()[1])
        elif (interface, member) == (HOST, "StateChanged"):
            self._note(path, parameters.unpack())
            self.arrivals.append(now)
        elif (interface, member) == (MANAGER, "HostStateChanged"):
            host, *rest = parameters.unpack()
            self.summaries.append((self.hosts[host]["Id"], *rest))

    def _note(self, path, transition):
        properties = self.hosts[path]
        if (properties["State"], properties["Sequence"]) != (transition[1], transition[5]):
            self.overtaken.append((transition, properties["State"], properties["Sequence"]))
        self.transitions.append((properties["Id"], *transition))
