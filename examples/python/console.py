#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run: python3 examples/python/console.py [FOLDER]

The hosts of a folder, each a *.exthost file, under the hands of whoever sits there: tells what they do as
it happens, and takes commands; “help” lists them. Without FOLDER it has those of examples/hosts.
"""

import inspect
import json
import pathlib
import sys

import gi

gi.require_version("ExtensionHost", "1.0")
from gi.repository import ExtensionHost, Gio, GLib  # pylint: disable=wrong-import-position

from awaiting import gio, run, spawn  # pylint: disable=wrong-import-position

HOSTS = pathlib.Path(__file__).resolve().parents[1] / "hosts"


class Refused(Exception):
    """What was typed makes no sense."""


def say(host, text):
    print(f"{host.props.id:>8} {text}", flush=True)


# What the hosts do

def on_state_changed(_manager, host, transition):
    detail = transition.get_detail()
    say(host, f"{transition.get_old().value_nick} → {transition.get_new().value_nick} "
              f"({detail or transition.get_reason().value_nick})")


def on_health_checked(_manager, host, health):
    if health.get_ok():
        latency = health.get_latency()
        answered = f", answers in {latency / 1000:.1f} ms" if latency >= 0 else ""
        say(host, f"is well: {health.get_rss() >> 20} MiB{answered}")
    else:
        say(host, f"does not answer: {health.get_verdict().value_nick}")


def on_log(_manager, host, _stream, line):
    say(host, f"│ {line}")


# What is typed

class Commands:
    """A method for each command."""

    NAMES = ("help", "list", "start", "stop", "restart", "kill", "call", "logs", "quit")

    def __init__(self, manager):
        self.manager = manager
        self.quitting = False

    def find(self, name):
        host = self.manager.lookup(name)
        if host is None:
            raise Refused(f"there is no host “{name}”")
        return host

    async def help(self):
        print("list · start|stop|restart|kill|logs HOST · call HOST METHOD [JSON] · quit", flush=True)

    async def list(self):
        for host in self.manager:
            say(host, f"is {host.props.state.value_nick}, pid {host.props.pid or '–'}")

    async def start(self, name):
        await gio(self.find(name).start_async, None)

    async def restart(self, name):
        await gio(self.find(name).restart_async, None)

    async def stop(self, name):
        host = self.find(name)
        outcome = await gio(host.stop_async, None)
        say(host, f"took {outcome.get_duration() // 1000} ms to stop")

    async def kill(self, name):
        await gio(self.find(name).kill_async, None)

    async def call(self, name, method, *words):
        host = self.find(name)
        params = GLib.Bytes.new(" ".join(words).encode()) if words else None
        answer = await gio(host.call_bytes_async, method, params, 0, None)
        say(host, f"answers {json.loads(answer.get_data())}")

    async def logs(self, name):
        host = self.find(name)
        for _time, stream, line in host.dup_log(20).unpack():
            say(host, f"{stream} │ {line}")

    async def quit(self):
        self.quitting = True


async def obey(commands, words):
    try:
        if words[0] not in Commands.NAMES:
            raise Refused(f"“{words[0]}” is no command; help lists them")
        command = getattr(commands, words[0])
        try:
            inspect.signature(command).bind(*words[1:])
        except TypeError as error:
            raise Refused(f"{words[0]}: {error}") from error
        await command(*words[1:])
    except Refused as error:
        print(f"error: {error}", flush=True)
    except GLib.Error as error:
        print(f"error: {error.message}", flush=True)


async def main():
    manager = ExtensionHost.Manager()
    manager.connect("state-changed", on_state_changed)
    manager.connect("health-checked", on_health_checked)
    manager.connect("log", on_log)
    try:
        manager.load_directory(Gio.File.new_for_path(sys.argv[1] if len(sys.argv) > 1 else str(HOSTS)))
    except GLib.Error as error:
        # Of one file; the hosts of the others are there.
        print(f"error: {error.message}", flush=True)

    commands = Commands(manager)
    await commands.list()
    stdin = Gio.DataInputStream.new(Gio.UnixInputStream.new(0, False))
    while not commands.quitting:
        # The other finish function has the same empty line for an empty line and for the end.
        line, _length = await gio(stdin.read_line_async, GLib.PRIORITY_DEFAULT, None,
                                  finish="read_line_finish_utf8")
        if line is None:
            break
        if line.strip():
            # Not awaited: while one host takes its time to stop, another can be called.
            spawn(obey(commands, line.split()))

    report = await gio(manager.shutdown_async, 10000, None)
    print("All is well" if report.get_clean() else "Not all hosts left by themselves", flush=True)


if __name__ == "__main__":
    run(main())
