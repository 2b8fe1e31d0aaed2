# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exceptions that nobody catches: they are logged, and fail the request that they belong to."""

import asyncio
import threading
import weakref

from .errors import ExitError, traceback_of
from .scope import current_scope, scope_in
from .threads import scope_of_thread


class Strays:
    def __init__(self, loop, log, host):
        self._loop = loop
        self._log = log
        self._host = host
        self._scopes = weakref.WeakKeyDictionary()  # of tasks
        loop.set_task_factory(self._make_task)
        loop.set_exception_handler(self._on_loop_error)
        threading.excepthook = self._on_thread_error

    def run_until(self, future):
        """Runs the loop, which sys.exit() in a task or a callback leaves."""
        while not future.done():
            try:
                self._loop.run_until_complete(future)
            except (SystemExit, KeyboardInterrupt) as error:
                self._tell(error, self._take_leaver(error))

    def _take_leaver(self, error):
        """The scope of the task that was left with it, and that need not tell of it again."""
        for task, scope in list(self._scopes.items()):
            # exception() would silence tasks that are still to tell of theirs.
            if task.done() and getattr(task, "_exception", None) is error:
                task.exception()
                return scope
        return None

    def _make_task(self, loop, coroutine, **options):
        task = asyncio.Task(coroutine, loop=loop, **options)
        if current_scope() is not None:
            self._scopes[task] = current_scope()
        return task

    def _on_loop_error(self, _loop, context):
        error = context.get("exception")
        if error is None:
            self._log.write("error", str(context.get("message")))
            return
        self._tell(error, self._find_scope(context))

    def _find_scope(self, context):
        task = context.get("task") or context.get("future")
        if isinstance(task, asyncio.Task):
            return self._scopes.get(task)
        # Callbacks know their context, though before Python 3.12 they do not show it.
        callback_context = getattr(context.get("handle"), "_context", None)
        return scope_in(callback_context) if callback_context is not None else None

    def _on_thread_error(self, args):
        if args.exc_type is SystemExit:
            return  # which ends a thread and nothing else
        scope = scope_of_thread(args.thread)
        self._loop.call_soon_threadsafe(self._tell, args.exc_value, scope)

    def _tell(self, error, scope):
        # Without a scope the traceback may still name a file of the extension.
        extension = scope.extension if scope else self._host.find_by_traceback(error.__traceback__)
        self._log.write("error", "Uncaught: " + traceback_of(error).rstrip(), extension)
        if scope is not None:
            scope.job.fail(ExitError(error) if isinstance(error, SystemExit) else error)
