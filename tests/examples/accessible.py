# SPDX-License-Identifier: LGPL-2.1-or-later
"""A window as assistive technologies see it: what is on the screen, and what it says.

A program of GTK 4 tells of its widgets on the bus at AT_SPI_BUS_ADDRESS once it is registered with what is
org.a11y.atspi.Registry there. That is played here, so that no registry has to be installed.
"""

from gi.repository import Gio, GLib

REGISTRY = "org.a11y.atspi.Registry"
ROOT = "/org/a11y/atspi/accessible/root"
ACCESSIBLE = "org.a11y.atspi.Accessible"
TEXT = "org.a11y.atspi.Text"
TIMEOUT = 10_000

WINDOW_COORDINATES = 1   # of enum AtspiCoordType

SOCKET = Gio.DBusNodeInfo.new_for_xml("""
<node>
  <interface name="org.a11y.atspi.Socket">
    <method name="Embed">
      <arg name="plug" type="(so)" direction="in"/>
      <arg name="socket" type="(so)" direction="out"/>
    </method>
    <method name="Unembed">
      <arg name="plug" type="(so)" direction="in"/>
    </method>
  </interface>
</node>""").interfaces[0]


class Registry:
    """Knows the program that registered last."""

    def __init__(self, connection):
        self.connection = connection
        self.program = None
        connection.register_object(ROOT, SOCKET, self._on_call, None, None)
        connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                             "RequestName", GLib.Variant("(su)", (REGISTRY, 0)), None,
                             Gio.DBusCallFlags.NONE, TIMEOUT, None)

    def _on_call(self, connection, _sender, _path, _interface, method, parameters, invocation):
        if method == "Embed":
            self.program = Widget(connection, *parameters.unpack()[0])
            invocation.return_value(GLib.Variant("((so))", ((connection.get_unique_name(), ROOT),)))
        else:
            invocation.return_value(None)


class Gone(Exception):
    """The widget is not there any more."""


class Widget:
    def __init__(self, connection, name, path):
        self.connection = connection
        self.bus_name = name
        self.path = path

    def _call(self, interface, method, types="()", *arguments):
        try:
            return self.connection.call_sync(self.bus_name, self.path, interface, method,
                                             GLib.Variant(types, arguments), None,
                                             Gio.DBusCallFlags.NONE, TIMEOUT, None).unpack()
        except GLib.Error as error:
            if error.matches(Gio.dbus_error_quark(), Gio.DBusError.UNKNOWN_METHOD):
                raise Gone(self.path) from error
            raise

    def children(self):
        return [Widget(self.connection, *child) for child in self._call(ACCESSIBLE, "GetChildren")[0]]

    def role(self):
        return self._call(ACCESSIBLE, "GetRoleName")[0]

    def name(self):
        return self._call("org.freedesktop.DBus.Properties", "Get", "(ss)", ACCESSIBLE, "Name")[0]

    def text(self):
        """What a label or an entry says; None for other widgets."""
        if TEXT not in self._call(ACCESSIBLE, "GetInterfaces")[0]:
            return None
        return self._call(TEXT, "GetText", "(ii)", 0, -1)[0]

    def area(self):
        """Where it is in the window: x, y, width, height."""
        return self._call("org.a11y.atspi.Component", "GetExtents", "(u)", WINDOW_COORDINATES)[0]

    def press(self):
        self._call("org.a11y.atspi.Action", "DoAction", "(i)", 0)

    def walk(self):
        """Itself and all that is shown in it: what is not revealed has no height, though what is in it may."""
        yield self
        for child in self.children():
            if child.area()[3] > 0:
                yield from child.walk()

    def find(self, role, name):
        """The first such widget in it; None if there is none."""
        return next((widget for widget in self.walk() if (widget.role(), widget.name()) == (role, name)),
                    None)
