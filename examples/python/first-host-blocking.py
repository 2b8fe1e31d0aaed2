#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run: python3 examples/python/first-host-blocking.py

The same as first-host.py for a script, which has nothing to do while it waits. Signals come all the same:
whatever blocks runs the main context.
"""

import json
import pathlib

import gi

gi.require_version("ExtensionHost", "1.0")
from gi.repository import ExtensionHost, GLib  # pylint: disable=wrong-import-position

HOSTS = pathlib.Path(__file__).resolve().parents[1] / "hosts"


def call(host, method, params=None):
    text = None if params is None else GLib.Bytes.new(json.dumps(params).encode())
    return json.loads(host.call_bytes(method, text, 0, None).get_data())


def on_state_changed(host, transition):
    print(f"{host.props.id}: {transition.get_old().value_nick} → {transition.get_new().value_nick}")


def main():
    spec = ExtensionHost.Spec(id="echo", argv=["python3", str(HOSTS / "echo.py")])
    host = ExtensionHost.Process(spec=spec)
    host.connect("state-changed", on_state_changed)

    host.start()
    host.wait_ready(None)
    print(f"1 + 2 + 39 = {call(host, 'add', [1, 2, 39])['sum']}")
    try:
        call(host, "subtract")
    except GLib.Error as error:
        if not error.matches(ExtensionHost.RpcError.quark(), ExtensionHost.RpcError.METHOD_NOT_FOUND):
            raise
        print(f"It cannot subtract: {error.message}")

    outcome = host.stop(None)
    print("It was asked to leave, and", "had to be killed" if outcome.get_forced() else "left")


if __name__ == "__main__":
    main()
