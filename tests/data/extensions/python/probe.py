# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does whatever a test asks of an extension. probe.mjs is the same in JavaScript."""

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time

CONTEXT = None
TASK = None


def fail(*_args):
    raise RuntimeError("on purpose")


class Odd(BaseException):
    def __str__(self):
        raise RuntimeError("no text")


def fail_oddly(*_args):
    raise Odd


async def raise_stray():
    await asyncio.sleep(0)
    raise RuntimeError("stray")


def raise_stray_now():
    raise RuntimeError("stray")


async def exit_soon():
    await asyncio.sleep(0)
    sys.exit(3)


async def exit_later(*_args):
    asyncio.get_running_loop().create_task(exit_soon())
    await asyncio.sleep(3600)


async def stray(*_args):
    asyncio.get_running_loop().call_later(0.001, raise_stray_now)
    await asyncio.sleep(3600)


async def stray_rejection(*_args):
    asyncio.get_running_loop().create_task(raise_stray())
    await asyncio.sleep(3600)


async def stray_unasked(*_args):
    asyncio.get_running_loop().call_later(0.001, raise_stray_now)


async def go_on():
    await CONTEXT.call("probe/first")
    await CONTEXT.call("probe/second")
    CONTEXT.notify("probe/went-on")


async def stray_and_go_on(*_args):
    global TASK  # pylint: disable=global-statement
    TASK = asyncio.get_running_loop().create_task(go_on())
    asyncio.get_running_loop().call_later(0.001, raise_stray_now)


def stray_in_thread(_arguments, call):
    threading.Thread(target=raise_stray_now).start()
    call.cancelled.wait()


async def ask(arguments, _call):
    return await CONTEXT.call(arguments["method"], arguments.get("params"), arguments.get("timeout"))


def ask_in_thread(arguments, _call):
    return CONTEXT.call_sync(arguments["method"], arguments.get("params"))


async def wait(*_args):
    CONTEXT.notify("probe/waiting")
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        CONTEXT.notify("probe/cancelled")
        raise


def wait_in_thread(_arguments, call):
    CONTEXT.notify("probe/waiting")
    call.cancelled.wait()
    CONTEXT.notify("probe/cancelled")


async def deaf(*_args):
    CONTEXT.notify("probe/waiting")
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass


async def nap(arguments, _call):
    await asyncio.sleep(arguments["ms"] / 1000)
    return "slept"


async def block(arguments, _call):
    CONTEXT.notify("probe/waiting")
    time.sleep(arguments["ms"] / 1000)


def block_thread(arguments, _call):
    time.sleep(arguments["ms"] / 1000)


async def print_lines(*_args):
    print("one\ntwo", 2)
    logging.warning("careful")
    print("im", end="")
    print("ported")
    threading.Thread(target=print, args=["late"]).start()


def write_around(*_args):
    sys.stdout.buffer.write(b"to stdout\n")
    os.write(1, b"to descriptor 1\n")
    subprocess.run(["sh", "-c", "cat; echo written by a child"], check=True)


def fork(*_args):
    pid = os.fork()
    if pid == 0:
        print("forked")
        os._exit(0)
    os.waitpid(pid, 0)


COMMANDS = {
    "echo": lambda arguments, call: arguments,
    "nothing": lambda arguments, call: None,
    "fail": fail,
    "fail-oddly": fail_oddly,
    "unserialisable": lambda arguments, call: {1, 2},
    "big": lambda arguments, call: "x" * arguments["size"],
    "surrogate": lambda arguments, call: "\ud800",
    "exit": lambda arguments, call: sys.exit(3),
    "exit-later": exit_later,
    "stray": stray,
    "stray-rejection": stray_rejection,
    "stray-unasked": stray_unasked,
    "stray-in-thread": stray_in_thread,
    "stray-and-go-on": stray_and_go_on,
    "ask": ask,
    "ask-in-thread": ask_in_thread,
    "notify": lambda arguments, call: CONTEXT.notify(arguments["method"], arguments.get("params")),
    "status": lambda arguments, call: CONTEXT.status("half way", 0.5),
    "log": lambda arguments, call: CONTEXT.log("debug", "first\nsecond"),
    "wait": wait,
    "wait-in-thread": wait_in_thread,
    "deaf": deaf,
    "nap": nap,
    "block": block,
    "block-thread": block_thread,
    "print": print_lines,
    "write-around": write_around,
    "descriptors": lambda arguments, call: subprocess.check_output(
        ["sh", "-c", "ls -l /proc/self/fd"], text=True, close_fds=False),
    "fork": fork,
    "register-twice": lambda arguments, call: CONTEXT.register_command("echo", print),
}


def watch(context):
    context.cancelled.wait()
    context.notify("probe/signal")


def activate(context):
    global CONTEXT  # pylint: disable=global-statement
    CONTEXT = context
    for name, command in COMMANDS.items():
        context.register_command(name, command)
    threading.Thread(target=watch, args=[context], daemon=True).start()
    context.notify("probe/activated", {"id": context.id, "path": context.path})


def deactivate():
    print("deactivated")
