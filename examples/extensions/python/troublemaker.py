# SPDX-License-Identifier: LGPL-2.1-or-later
"""Misbehaves on demand: crashes its host, hangs it, or floods the application with lines of log.

Shows what a host is for: whatever this does, the application and the other hosts do not notice.
"""

import os
import time


def crash():
    os.abort()


def hang():
    while True:
        time.sleep(1)


def flood(seconds, cancelled):
    end = time.monotonic() + seconds
    lines = 0

    while time.monotonic() < end and not cancelled.is_set():
        lines += 1
        print(f"line {lines} of a flood")
    return {"lines": lines}


def activate(context):
    # Both are async: they take the event loop with them, and so the whole host.
    async def crash_host(_arguments, _call):
        crash()

    async def hang_host(_arguments, _call):
        hang()

    context.register_command("crash", crash_host)
    context.register_command("hang", hang_host)
    context.register_command(
        "flood", lambda arguments, call: flood(arguments["seconds"], call.cancelled))
