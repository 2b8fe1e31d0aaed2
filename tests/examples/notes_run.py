# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example gtk-window on a desktop of its own: what it shows, what it does, and what it leaves.

NOTES names the program. Nothing in it is there for the tests: they use the actions that it offers on the bus, its
widgets as assistive technologies see them, its keyboard and its screen.
"""

import os
import pathlib
import subprocess
import uuid

from accessible import Gone, Registry
from desktop import DEADLINE, Desktop, explain_missing
from dbus_run import MANAGER, Gio, GLib, wait_until

APP_ID = "org.extensionhost.Notes"
APP_PATH = "/org/extensionhost/Notes"
HOSTS = {"words": "Word Count", "preview": "Preview", "playground": "Playground"}
MARK = "NOTES_RUN"
SHADOW = 5   # around a window that no window manager decorates
WINDOW = (1080, 660)


def survivors(mark):
    """The processes that have this in their environment."""
    found = []
    for environ in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{MARK}={mark}".encode() in environ.read_bytes().split(b"\0"):
                found.append(int(environ.parent.name))
        except OSError:
            pass
    return found


class Notes:
    def __init__(self, desktop, text="", name="note.md"):
        """Without a text there is no such file."""
        self.desktop = desktop
        self.mark = uuid.uuid4().hex
        self.connection = desktop.bus.connect()
        self.registry = Registry(self.connection)
        self.transitions = []   # of its hosts: which, and its new state
        self.connection.signal_subscribe(None, MANAGER, "HostStateChanged", None, None,
                                         Gio.DBusSignalFlags.NONE, self._on_transition)
        self.process = self.open(name, text)

    def __enter__(self):
        self.wait(lambda: self.registry.program is not None, "it shows a window")
        for host in HOSTS:
            self.wait_state(host, "Running")
            self.wait_active(host)
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None and self.process.poll() is None:
                self.process.terminate()
                self.expect_end()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.connection.close_sync(None)

    def wait(self, condition, what):
        def is_so():
            assert self.process.poll() is None, f"it has ended: {self.process.returncode}"
            try:
                return condition()
            except Gone:   # it changes while we look
                return False
        found = []
        wait_until(lambda: found.append(is_so()) or found[-1], what)
        return found[-1]

    def expect_end(self):
        """It ends well, and nothing is left of it."""
        status = self.process.wait(DEADLINE)
        assert status == 0, f"it ended with status {status}"
        wait_until(lambda: not survivors(self.mark), "nothing is left of it", 2)

    def open(self, name, text=""):
        """Runs the program with a note, as a desktop does: if it runs already, that one is told. Without a
        text there is no such file."""
        note = os.path.join(os.fsencode(self.desktop.folder), os.fsencode(name))
        if text is not None:
            pathlib.Path(os.fsdecode(note)).write_text(text, encoding="utf-8")
        return subprocess.Popen([os.environ["NOTES"], note], stdin=subprocess.DEVNULL,
                                env={**self.desktop.environment, MARK: self.mark})

    # On the bus

    def activate(self, action, *targets):
        self._call(APP_ID, APP_PATH, "org.gtk.Actions", "Activate",
                   GLib.Variant("(sava{sv})", (action, [GLib.Variant("s", target) for target in targets], {})))

    def hang(self):
        self.activate("trouble", "hang")
        self.wait(lambda: self.host("playground")["PendingCalls"] > 0, "it hangs")

    def _on_transition(self, _connection, _sender, _path, _interface, _member, parameters):
        path, _old, new, _reason, _sequence = parameters.unpack()
        self.transitions.append((path.rsplit("/", 1)[1], new))

    def host(self, host_id):
        """Its properties, as they are published."""
        reply = self._call(APP_ID + ".ExtensionHosts", f"/org/extensionhost/Manager1/hosts/{host_id}",
                           "org.freedesktop.DBus.Properties", "GetAll",
                           GLib.Variant("(s)", ("org.extensionhost.Host1",)))
        return reply.unpack()[0]

    def wait_active(self, host_id):
        self.wait(lambda: self.host(host_id)["Extensions"][0][1] == "active",
                  f"the extension in {host_id} is active")

    def _call(self, name, path, interface, method, parameters):
        return self.connection.call_sync(name, path, interface, method, parameters, None,
                                         Gio.DBusCallFlags.NONE, DEADLINE * 1000, None)

    # In the window

    def windows(self):
        return [window.name() for window in self.registry.program.children()]

    def widgets(self):
        return list(self.registry.program.walk())

    def labels(self):
        return [widget.name() for widget in self.widgets() if widget.role() == "label"]

    def find(self, role, name):
        widget = self.registry.program.find(role, name)
        assert widget is not None, f"there is no {role} “{name}”"
        return widget

    def text(self, name):
        return self.find("text box", name).text()

    def row(self, host_id):
        """What is in the list for this host; None while it changes."""
        return next((widget for widget in self.widgets() if widget.role() == "list item" and
                     widget.name().startswith(HOSTS[host_id] + ":")), None)

    def wait_state(self, host_id, state):
        self.wait(lambda: self.registry.program.find("list item", f"{HOSTS[host_id]}: {state}"),
                  f"{host_id} is shown as {state}")

    def press(self, host_id, button):
        self.row(host_id).find("button", button).press()

    def banner(self):
        """What it says; nothing while there is none."""
        return [widget.name() for alert in self.widgets() if alert.role() == "alert"
                for widget in alert.walk() if widget.role() == "label"]

    # On the screen

    def area(self, widget):
        x, y, width, height = widget.area()
        return x + SHADOW, y + SHADOW, width, height

    def click(self, widget):
        x, y, width, height = self.area(widget)
        self.desktop.input.click(x + width // 2, y + height // 2)

    def type(self, character, area):
        """How long it takes from the key to the screen, in s."""
        before = self.desktop.screen.read(*area)
        self.desktop.input.press(character)
        return self.desktop.wait_change(area, before)

    def save_screenshot(self):
        path = os.environ.get("NOTES_SCREENSHOT")
        if path:
            self.desktop.screen.save(path, *WINDOW)
