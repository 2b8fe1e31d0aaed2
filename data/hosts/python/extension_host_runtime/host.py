# SPDX-License-Identifier: LGPL-2.1-or-later
"""The extensions of this host, and what the application can ask of it."""

import asyncio
import os
import threading
import traceback

from .context import Context
from .errors import CANCELLED, INVALID_PARAMS, INVALID_REQUEST, RpcError, message_of
from .extension import Extension
from .peer import Job

# How long the commands in work and the deactivations may take when the host leaves. Together they are less than the
# application waits for an exit, which is 5 s unless it says otherwise.
DRAIN_SECONDS = 2.0
DEACTIVATE_SECONDS = 2.0
# However long an extension blocks the loop meanwhile.
LEAVE_SECONDS = 4.5


def _expect(condition, message):
    if not condition:
        raise RpcError(INVALID_PARAMS, message)


def _expect_string(params, name):
    value = params.get(name) if isinstance(params, dict) else None
    _expect(isinstance(value, str) and value != "", f"“{name}” has to be a string")
    return value


class Host:
    def __init__(self, loop, peer, log):
        self.finished = loop.create_future()
        self._loop = loop
        self._peer = peer
        self._log = log
        self._extensions = {}
        self._leaving = {}  # id → event: an extension that is being deactivated
        self._work = set()  # the tasks of requests
        self._finishing = None
        self.methods = {
            "ping": self._ping,
            "shutdown": self._shutdown,
            "extension/activate": self._track(self._activate),
            "extension/call": self._track(self._call),
            "extension/deactivate": self._track(self._deactivate),
        }

    def _track(self, method):
        async def run(params, job):
            task = asyncio.current_task()
            self._work.add(task)
            try:
                return await method(params, job)
            finally:
                self._work.discard(task)
        return run

    def find_by_traceback(self, trace):
        files = {frame.filename for frame in traceback.extract_tb(trace)}
        return next((extension for extension in list(self._extensions.values())
                     if any(extension.appears_in(file) for file in files)), None)

    async def _ping(self, _params, _job):
        return {}

    async def _activate(self, params, job):
        extension_id, path = _expect_string(params, "id"), _expect_string(params, "path")
        self._refuse_when_finishing()
        _expect(extension_id not in self._extensions,
                f"The extension “{extension_id}” is active already")
        extension = self._extensions[extension_id] = Extension(self._loop, extension_id, path)
        try:
            if extension_id in self._leaving:
                await self._leaving[extension_id].wait()
            await extension.activate(self._make_context, job)
        except BaseException:
            if self._extensions.get(extension_id) is extension:
                del self._extensions[extension_id]
            raise
        return {"commands": extension.commands}

    def _make_context(self, extension):
        return Context(extension, self._loop, self._peer, self._log)

    async def _call(self, params, job):
        extension, command = self._find(params), _expect_string(params, "command")
        arguments = params.get("arguments")
        self._refuse_when_finishing()
        _expect("arguments" not in params or isinstance(arguments, (dict, list)),
                "“arguments” have to be an object, an array or left out")
        return await extension.call(command, arguments, job)

    async def _deactivate(self, params, job):
        extension = self._find(params)
        # At once: its name is free, though the next one of that name waits until this one is gone.
        del self._extensions[extension.id]
        gone = self._leaving[extension.id] = asyncio.Event()
        try:
            await extension.deactivate(job)
        finally:
            gone.set()
            if self._leaving.get(extension.id) is gone:
                del self._leaving[extension.id]

    def _find(self, params):
        extension_id = _expect_string(params, "id")
        _expect(extension_id in self._extensions, f"There is no extension “{extension_id}”")
        return self._extensions[extension_id]

    def _refuse_when_finishing(self):
        if self._finishing is not None:
            raise RpcError(INVALID_REQUEST, "The host is shutting down")

    async def _shutdown(self, _params, _job):
        # The acknowledgement goes first.
        self._loop.call_soon(self.finish)

    def finish(self):
        if self._finishing is None:
            timer = threading.Timer(LEAVE_SECONDS, os._exit, (0,))
            timer.daemon = True
            timer.start()
            self._finishing = self._loop.create_task(self._finish())

    async def _finish(self):
        """Lets the commands in work come to their end, then deactivates in reverse order."""
        if self._work:
            await asyncio.wait(self._work, timeout=DRAIN_SECONDS)

        deadline = self._loop.time() + DEACTIVATE_SECONDS
        rest = list(self._extensions.values())
        while rest:
            share = max(0.0, (deadline - self._loop.time()) / len(rest))
            await self._deactivate_within(rest.pop(), share)
        self.finished.set_result(None)

    async def _deactivate_within(self, extension, seconds):
        job = Job(self._loop)
        timer = self._loop.call_later(
            seconds, lambda: job.fail(RpcError(CANCELLED, f"it is not done after {seconds:.1f} s")))
        try:
            await extension.deactivate(job)
        except BaseException as error:  # pylint: disable=broad-except
            self._log.write("error", f"deactivate() failed: {message_of(error)}", extension)
        finally:
            timer.cancel()
