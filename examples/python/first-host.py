#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run: python3 examples/python/first-host.py

Starts a host, calls it twice, and stops it: with await, in the order in which it happens.
"""

import json
import pathlib

import gi

gi.require_version("ExtensionHost", "1.0")
from gi.repository import ExtensionHost, GLib  # pylint: disable=wrong-import-position

from awaiting import gio, run  # pylint: disable=wrong-import-position

HOSTS = pathlib.Path(__file__).resolve().parents[1] / "hosts"


async def call(host, method, params=None):
    """A call with plain values: text is all that has to cross the border between the languages."""
    text = None if params is None else GLib.Bytes.new(json.dumps(params).encode())
    answer = await gio(host.call_bytes_async, method, text, 0, None)
    return json.loads(answer.get_data())


def on_state_changed(host, transition):
    print(f"{host.props.id}: {transition.get_old().value_nick} → {transition.get_new().value_nick}")


async def main():
    spec = ExtensionHost.Spec(id="echo", argv=["python3", str(HOSTS / "echo.py")])
    host = ExtensionHost.Process(spec=spec)
    host.connect("state-changed", on_state_changed)

    await gio(host.start_async, None)
    answer = await call(host, "add", [1, 2, 39])
    print(f"1 + 2 + 39 = {answer['sum']}")
    try:
        await call(host, "subtract")
    except GLib.Error as error:
        # What the host refuses has a domain of its own: it is alive, and what it says can be shown.
        if not error.matches(ExtensionHost.RpcError.quark(), ExtensionHost.RpcError.METHOD_NOT_FOUND):
            raise
        print(f"It cannot subtract: {error.message}")

    outcome = await gio(host.stop_async, None)
    print("It was asked to leave, and", "had to be killed" if outcome.get_forced() else "left")


if __name__ == "__main__":
    run(main())
