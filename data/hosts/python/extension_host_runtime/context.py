# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an extension is given: its own face of the host."""

import asyncio
import threading

from .scope import current_scope


def _check_message(method, params):
    if not isinstance(method, str):
        raise TypeError("The method has to be a str")
    if params is not None and not isinstance(params, (dict, list, tuple)):
        raise TypeError("The params have to be a dict, a list or None")


class Context:
    """Everything but call() may be used in any thread."""

    def __init__(self, extension, loop, peer, log):
        self.id = extension.id
        self.path = extension.path
        self.cancelled = extension.cancelled
        self._extension = extension
        self._loop = loop
        self._loop_thread = threading.get_ident()
        self._peer = peer
        self._log = log

    def register_command(self, name, function):
        if not isinstance(name, str) or not name:
            raise TypeError("The name of a command has to be a str")
        if not callable(function):
            raise TypeError(f"The command “{name}” has to be callable")
        self._extension.register(name, function)

    async def call(self, method, params=None, timeout=None):
        """The answer of the application; the timeout is in seconds."""
        _check_message(method, params)
        ends = [self._extension.retired]
        scope = current_scope()
        if scope is not None:
            ends.append(scope.job.broken)
        return await self._peer.call(method, params, timeout, *ends)

    def call_sync(self, method, params=None, timeout=None):
        """The same for plain functions: blocks their thread until the answer is there."""
        if threading.get_ident() == self._loop_thread:
            raise RuntimeError("call_sync() would block the event loop: await call() instead")
        return asyncio.run_coroutine_threadsafe(self.call(method, params, timeout),
                                                self._loop).result()

    def notify(self, method, params=None):
        _check_message(method, params)
        self._peer.notify(method, params)

    def log(self, level, text):
        self._log.write(str(level), str(text), self._extension)

    def status(self, text, progress=None):
        params = {"text": str(text)}
        if progress is not None:
            params["progress"] = progress
        self._peer.notify("host/status", params)
