# SPDX-License-Identifier: LGPL-2.1-or-later
"""await for the asynchronous calls of GLib, in GLib's own main loop: nothing of asyncio is needed.

    answer = await gio(host.call_bytes_async, "add", numbers, 0, None)
"""

from gi.repository import GLib


class gio:  # pylint: disable=invalid-name
    """One asynchronous call, all its arguments but the callback. Awaited, it gives what the finish function
    gives, or raises the GLib.Error that it raises."""

    def __init__(self, method, *arguments, finish=None):
        self.begin = lambda callback: method(*arguments, callback)
        self.finish_name = finish or method.__name__.removesuffix("_async") + "_finish"

    def __await__(self):
        source, result = yield self
        return getattr(source, self.finish_name)(result)


def spawn(coroutine, on_end=lambda value: None):
    """Begins with a coroutine at once, and goes on with it in the main loop whenever a call is answered."""
    def step(*answer):
        try:
            call = coroutine.send(answer or None)
        except StopIteration as end:
            on_end(end.value)
        else:
            call.begin(step)

    step()


def run(coroutine):
    """Runs the main loop until the coroutine ends; gives what it returns, or raises what it raises."""
    loop = GLib.MainLoop()
    ends = []

    async def watched():
        try:
            ends.append((await coroutine, None))
        except BaseException as error:  # pylint: disable=broad-except
            ends.append((None, error))

    spawn(watched(), lambda _value: loop.quit())
    if not ends:
        loop.run()
    value, error = ends[0]
    if error is not None:
        raise error
    return value
