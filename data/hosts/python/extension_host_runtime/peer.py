# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON-RPC with the application: its requests are worked on concurrently, as jobs, and it can be called."""

import asyncio
import json
import threading

from .errors import (CANCELLED, INVALID_REQUEST, METHOD_NOT_FOUND, ApplicationError, RpcError,
                     to_reply)

_LEFT_OUT = object()


def _encode(message):
    try:
        return json.dumps(message, ensure_ascii=False, allow_nan=False,
                          separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # Lone surrogates exist in JSON, though only escaped.
        return json.dumps(message, allow_nan=False, separators=(",", ":")).encode()


def _is_id(value):
    return isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))


class Job:
    """A request of the application in work.

    Its method may run on whatever happens; breaking the job decides the answer.
    """

    def __init__(self, loop):
        self.cancelled = threading.Event()
        self.broken = loop.create_future()  # its result is the error
        self.answered = False

    def fail(self, error):
        if self.answered:
            return  # what the extension has started meanwhile goes on
        self.cancelled.set()
        if not self.broken.done():
            self.broken.set_result(error)


class Peer:
    """To be used on the event loop, except for notify()."""

    def __init__(self, loop, wire):
        self._loop = loop
        self._wire = wire
        self._methods = {}
        self._on_problem = None
        self._jobs = {}
        self._calls = {}
        self._tasks = set()  # the loop itself holds its tasks weakly
        self._last_id = 0
        self._closed = False

    def start(self, methods, on_problem):
        self._methods = methods
        self._on_problem = on_problem

    def receive(self, line):
        try:
            message = json.loads(line.decode(errors="replace"))
        except (ValueError, RecursionError) as error:
            if line.strip():
                self._on_problem(f"A line of the application is no JSON: {error}")
            return

        if isinstance(message, list):
            self._send_error(None, {"code": INVALID_REQUEST, "message": "Batches are not supported"})
        elif not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            self._refuse(message, "it is not of JSON-RPC 2.0")
        elif "method" in message:
            self._receive_call(message)
        else:
            self._receive_reply(message)

    def _refuse(self, message, why):
        self._on_problem(f"A message of the application was dropped: {why}")
        if isinstance(message, dict) and _is_id(message.get("id")) and "method" in message:
            self._send_error(message["id"], {"code": INVALID_REQUEST,
                                             "message": f"Invalid request: {why}"})

    def _receive_call(self, message):
        method, params = message["method"], message.get("params", _LEFT_OUT)

        if not isinstance(method, str):
            self._refuse(message, "its method is no string")
        elif params is not _LEFT_OUT and not isinstance(params, (dict, list)):
            self._refuse(message, "its params are neither an object nor an array")
        elif "id" not in message:
            self._receive_notification(method, params)
        elif not _is_id(message["id"]):
            self._refuse(message, "its id is neither a string nor an integer")
        else:
            task = self._loop.create_task(
                self._work(message["id"], method, {} if params is _LEFT_OUT else params))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _receive_notification(self, method, params):
        """Others are none of our business, and need no answer."""
        if method == "$/cancelRequest" and isinstance(params, dict) and _is_id(params.get("id")):
            job = self._jobs.get(params["id"])
            if job is not None:
                job.fail(RpcError(CANCELLED, "The request was cancelled"))

    async def _work(self, request_id, method, params):
        job = self._jobs[request_id] = Job(self._loop)
        try:
            run = self._methods.get(method)
            if run is None:
                raise RpcError(METHOD_NOT_FOUND, f"There is no method “{method}”")
            self._send({"id": request_id, "result": await run(params, job)})
        except BaseException as error:  # pylint: disable=broad-except
            self._send_error(request_id, to_reply(error))
        finally:
            job.answered = True
            del self._jobs[request_id]

    def _send(self, message):
        """Raises for what JSON cannot hold, such as a set or a NaN."""
        self._wire.send(_encode({"jsonrpc": "2.0", **message}))

    def _send_error(self, request_id, error):
        self._send({"id": request_id, "error": error})

    def notify(self, method, params=None):
        self._send({"method": method} if params is None else {"method": method, "params": params})

    async def call(self, method, params, timeout, *ends):
        """Waits for the answer of the application.

        ends are futures whose results are errors to raise; then, too late, and when the task is cancelled, the
        application is told.
        """
        if self._closed:
            raise ConnectionError(f"The application is gone and cannot be asked “{method}”")
        self._last_id += 1
        call_id = self._last_id
        request = {"id": call_id, "method": method}
        if params is not None:
            request["params"] = params
        answer = self._calls[call_id] = self._loop.create_future()
        try:
            self._send(request)
            await asyncio.wait({answer, *ends}, timeout=timeout,
                               return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            for end in ends:
                if end.done():
                    raise end.result()
            raise TimeoutError(f"The application did not answer “{method}” within {timeout} s")
        finally:
            del self._calls[call_id]
            if not answer.done():
                self.notify("$/cancelRequest", {"id": call_id})

    def _receive_reply(self, message):
        reply_id = message.get("id")
        answer = self._calls.get(reply_id) if _is_id(reply_id) else None
        if answer is None or answer.done():
            return  # it comes late: that call was cancelled
        if isinstance(message.get("error"), dict):
            answer.set_exception(ApplicationError(message["error"]))
        else:
            answer.set_result(message.get("result"))

    def close(self):
        """No answer will come any more."""
        self._closed = True
        for answer in self._calls.values():
            if not answer.done():
                answer.set_exception(ConnectionError("The application is gone"))
