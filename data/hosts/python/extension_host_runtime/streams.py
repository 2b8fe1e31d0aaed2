# SPDX-License-Identifier: LGPL-2.1-or-later
"""print(), sys.stdout and logging write to the log of the application."""

import io
import logging
import sys
import threading

from .scope import current_scope

# An extension that never ends its line must not fill the memory.
LINE_MAX = 65536


class LogStream(io.TextIOBase):
    """sys.stdout: each line is one of the log. Bytes go past it, to stderr."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, log):
        super().__init__()
        self._log = log
        self._partial = {}  # (thread, extension) → text without an end of line
        self.buffer = open(1, "wb", buffering=0, closefd=False)  # pylint: disable=consider-using-with

    def writable(self):
        return True

    def fileno(self):
        return 1

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() takes a str, not {type(text).__name__}")
        key = self._key()
        lines, newline, rest = (self._partial.pop(key, "") + text).rpartition("\n")
        if newline:
            self._log.write("info", lines)
        if len(rest) > LINE_MAX:
            self._log.write("info", rest)
        elif rest:
            self._partial[key] = rest
        return len(text)

    def flush(self):
        rest = self._partial.pop(self._key(), "")
        if rest:
            self._log.write("info", rest)

    def flush_all(self):
        for (_thread, extension), rest in list(self._partial.items()):
            self._log.write("info", rest, extension)

    @staticmethod
    def _key():
        scope = current_scope()
        return threading.get_ident(), scope and scope.extension


class LogHandler(logging.Handler):
    def __init__(self, log):
        super().__init__()
        self._log = log

    def emit(self, record):
        try:
            self._log.write(record.levelname.lower(), self.format(record))
        except Exception:  # pylint: disable=broad-except
            self.handleError(record)


def capture_output(log):
    stream = sys.stdout = sys.__stdout__ = LogStream(log)
    root = logging.getLogger()
    root.addHandler(LogHandler(log))
    root.setLevel(logging.INFO)
    return stream
