# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host runtime at the other end of two pipes, as the library sees it."""

import contextlib
import fcntl
import json
import os
import pathlib
import queue
import struct
import subprocess
import tempfile
import termios
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOSTS = ROOT / "data" / "hosts"
DEADLINE = 30

# Python knows them from 3.10 on.
F_SETPIPE_SZ = 1031
F_GETPIPE_SZ = 1032


class Runtime:
    """One run of a runtime. Whatever it prints has to be a message; on leaving it has to be gone."""

    def __init__(self, program, *arguments, stdout_size=None, **options):
        # Development machines set it, and a runtime has to do without.
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
        options.setdefault("stdin", subprocess.PIPE)
        self._messages = queue.Queue()
        self._seen = []
        self._last_id = 0
        self._writing = threading.Lock()
        self.methods = {}  # what the application answers
        self.stderr_file = tempfile.TemporaryFile()
        self.process = subprocess.Popen([str(program), *arguments], stdout=subprocess.PIPE,
                                        stderr=self.stderr_file, env=environment, **options)
        if stdout_size is None:
            self.read()
        else:
            fcntl.fcntl(self.process.stdout, F_SETPIPE_SZ, stdout_size)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.process.kill()
        self.process.wait()
        if self.process.stdin and not self.process.stdin.closed:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        self.stderr_file.close()

    @property
    def stderr(self):
        return os.pread(self.stderr_file.fileno(), 1 << 20, 0).decode()

    # Messages

    def wait_until_full(self):
        """For a stdout_size: until the runtime waits for us to read()."""
        capacity = fcntl.fcntl(self.process.stdout, F_GETPIPE_SZ)
        end = time.monotonic() + DEADLINE
        while struct.unpack("i", fcntl.ioctl(self.process.stdout, termios.FIONREAD, b"    "))[0] < capacity - 64:
            assert time.monotonic() < end, "gave up waiting until the pipe is full"
            time.sleep(0.01)

    def read(self):
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            try:
                message = json.loads(line)
                assert isinstance(message, dict) and message["jsonrpc"] == "2.0"
            except (ValueError, KeyError, AssertionError):
                self._messages.put({"corrupt": line[:200]})
                continue
            if "method" in message and "id" in message:
                self._answer(message)
            self._messages.put(message)
        self._messages.put(None)

    def _answer(self, request):
        answer = self.methods.get(request["method"])
        if answer is None:
            return  # never
        try:
            self.send({"id": request["id"], "result": answer(request.get("params"))})
        except LookupError as error:
            self.send({"id": request["id"],
                       "error": {"code": getattr(error, "code", -32004), "message": str(error), "data": {"a": 1}}})

    def send_line(self, line):
        with self._writing:
            self.process.stdin.write(line + b"\n")
            self.process.stdin.flush()

    def send(self, message):
        self.send_line(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def find(self, matches, what):
        """The first message so far, or else the next one, for which matches() holds; each is found once."""
        end = time.monotonic() + DEADLINE
        looked_at = 0
        while True:
            for message in self._seen[looked_at:]:
                if matches(message):
                    self._seen.remove(message)
                    return message
            looked_at = len(self._seen)
            try:
                message = self._messages.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"gave up waiting for {what}; there were {self._seen[-5:]}; "
                                     f"{self.stderr}") from None
            assert message is not None, f"it ended before {what}: {self._seen[-5:]}; {self.stderr}"
            assert "corrupt" not in message, f"this is no message: {message['corrupt']}"
            self._seen.append(message)

    def pending(self):
        """The messages that have arrived, without waiting."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._seen.append(self._messages.get_nowait())
        return self._seen

    def notification(self, method, **params):
        def matches(message):
            found = message.get("params") or {}
            return (message.get("method") == method
                    and all(found.get(key) == value for key, value in params.items()))
        return self.find(matches, f"{method} {params}").get("params")

    def log(self, text, **params):
        return self.find(lambda m: m.get("method") == "host/log" and text in m["params"]["text"]
                         and all(m["params"].get(k) == v for k, v in params.items()),
                         f"“{text}” in the log, {params}")["params"]

    # Requests

    def request(self, method, params=None):
        self._last_id += 1
        self.send({"id": self._last_id, "method": method,
                   **({} if params is None else {"params": params})})
        return self._last_id

    def answer(self, request_id):
        return self.find(lambda m: "method" not in m and m.get("id") == request_id,
                         f"the answer to request {request_id}")

    def result(self, method, params=None):
        return result_of(self.answer(self.request(method, params)))

    def error(self, method, params=None):
        return error_of(self.answer(self.request(method, params)))

    def cancel(self, request_id):
        self.send({"method": "$/cancelRequest", "params": {"id": request_id}})

    def activate(self, path, extension="e"):
        return self.result("extension/activate", {"id": extension, "path": str(path)})

    def request_command(self, command, arguments=None, extension="e"):
        params = {"id": extension, "command": command}
        if arguments is not None:
            params["arguments"] = arguments
        return self.request("extension/call", params)

    def command(self, command, arguments=None, extension="e"):
        return result_of(self.answer(self.request_command(command, arguments, extension)))

    def failed_command(self, command, arguments=None, extension="e"):
        return error_of(self.answer(self.request_command(command, arguments, extension)))

    # The end

    def close(self):
        self.process.stdin.close()

    def expect_exit(self, status=0):
        try:
            found = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not leave; {self.stderr}") from None
        assert found == status, f"status {found}, expected {status}; {self.stderr}"


def result_of(answer):
    assert "result" in answer, f"an error: {answer}"
    return answer["result"]


def error_of(answer):
    assert "error" in answer, f"no error: {str(answer)[:200]}"
    return answer["error"]


def equal(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


def expect(text, *parts):
    for part in parts:
        assert part in text, f"“{part}” is not in: {text}"
