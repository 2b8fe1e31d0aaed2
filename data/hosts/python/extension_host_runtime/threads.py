# SPDX-License-Identifier: LGPL-2.1-or-later
"""Threads run in the scope of those who start them."""

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

from .scope import current_scope, run_in

_SCOPE = "_extension_host_scope"


def carry_scopes():
    """Lets the threads that extensions start know whose they are."""
    start = threading.Thread.start

    def start_in_scope(thread):
        scope, run = current_scope(), thread.run
        if scope is not None:
            setattr(thread, _SCOPE, scope)
            thread.run = lambda: run_in(scope, run)
        start(thread)

    threading.Thread.start = start_in_scope


def scope_of_thread(thread):
    return getattr(thread, _SCOPE, None)


class ScopedExecutor(ThreadPoolExecutor):
    """The executor of the loop. All extensions share its threads, so each piece of work brings its scope."""

    def submit(self, fn, /, *args, **kwargs):
        return super().submit(contextvars.copy_context().run, fn, *args, **kwargs)


def _settle(future, result, error):
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


async def run_in_thread(function, *args):
    """A thread each, so that a slow command does not keep others waiting; none is waited for at the end."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    context = contextvars.copy_context()

    def work():
        result = error = None
        try:
            result = context.run(function, *args)
        except StopIteration as raised:
            error = RuntimeError(f"StopIteration was raised: {raised}")  # no future takes it as it is
        except BaseException as raised:  # pylint: disable=broad-except
            error = raised
        loop.call_soon_threadsafe(_settle, future, result, error)

    threading.Thread(target=work, name="extension-host command", daemon=True).start()
    return await future
