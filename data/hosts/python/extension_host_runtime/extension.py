# SPDX-License-Identifier: LGPL-2.1-or-later
"""One extension, from its activation to its deactivation. An object serves for one activation."""

import asyncio
import inspect
import os
import threading

from .errors import CANCELLED, METHOD_NOT_FOUND, ExitError, RpcError
from .load import load, resolve, unload
from .scope import Scope, run_in
from .threads import run_in_thread


class Call:
    """What a command is given beside its arguments."""

    def __init__(self, job):
        self.cancelled = job.cancelled


async def _invoke(function, *args):
    """Coroutine functions run on the loop, all others in a thread, where they may block."""
    try:
        if inspect.iscoroutinefunction(function):
            return await function(*args)
        result = await run_in_thread(function, *args)
        return await result if inspect.isawaitable(result) else result
    except (SystemExit, KeyboardInterrupt) as error:
        raise ExitError(error) from error


class Extension:
    def __init__(self, loop, extension_id, path):
        self.id = extension_id
        self.path = path
        self.cancelled = threading.Event()
        self.retired = loop.create_future()  # its result is the error
        self._loop = loop
        self._commands = {}
        self._jobs = set()
        self._file = None
        self._module = None
        self._active = False

    @property
    def commands(self):
        return list(self._commands)

    def register(self, name, function):
        if self.cancelled.is_set():
            raise RuntimeError(f"The extension “{self.id}” is not active any more")
        if name in self._commands:
            raise ValueError(f"The command “{name}” is registered already")
        self._commands[name] = function

    async def activate(self, make_context, job):
        if self.retired.done():
            raise self.retired.result()
        try:
            await self._run(job, self._activate, make_context)
        except BaseException:
            self._retire("could not be activated")
            self._unload()
            raise

    async def _activate(self, make_context):
        self._file = resolve(self.path)
        self._module = await _invoke(load, self._file)
        await _invoke(self._module.activate, make_context(self))
        self._active = True

    async def call(self, name, arguments, job):
        command = self._commands.get(name)
        if command is None:
            raise RpcError(METHOD_NOT_FOUND, f"“{self.id}” has no command “{name}”")
        return await self._run(job, _invoke, command, arguments, Call(job))

    async def deactivate(self, job):
        self._retire("is being deactivated")
        deactivate = getattr(self._module, "deactivate", None)
        try:
            if self._active and deactivate is not None:
                await self._run(job, _invoke, deactivate)
        finally:
            self._unload()

    async def _run(self, job, function, *args):
        """The code of the extension, under its name, until the job is done or broken."""
        self._jobs.add(job)
        task = run_in(Scope(self, job), lambda: self._loop.create_task(function(*args)))
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            await asyncio.wait({task, job.broken}, return_when=asyncio.FIRST_COMPLETED)
            if job.broken.done():
                raise job.broken.result()
            return task.result()
        finally:
            task.cancel()
            self._jobs.discard(job)

    def _retire(self, why):
        error = RpcError(CANCELLED, f"The extension “{self.id}” {why}")
        self._commands.clear()
        self.cancelled.set()
        for job in self._jobs:
            job.fail(error)
        if not self.retired.done():
            self.retired.set_result(error)

    def _unload(self):
        if self._module is not None:
            unload(self._module.__name__)

    def appears_in(self, file):
        if self._file is None:
            return False
        folder, base = os.path.split(self._file)
        return file == self._file or (base == "__init__.py" and file.startswith(folder + os.sep))
