# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lines in, lines out."""

import os
import select
import threading

READ_SIZE = 65536


class Wire:
    """Lines are handed to the event loop; they may be sent from any thread."""

    def __init__(self, loop, input_fd, output_fd):
        self._loop = loop
        self._input = input_fd
        self._output = output_fd
        self._lock = threading.Lock()
        self._taken = threading.Event()
        self._partial = []
        self._on_line = self._on_problem = self._on_end = None
        os.register_at_fork(after_in_child=self._let_go)

    def start(self, on_line, on_problem, on_end):
        self._on_line, self._on_problem, self._on_end = on_line, on_problem, on_end
        # A thread reads what a loop cannot wait for: a file, /dev/null. It never reads ahead of the loop.
        threading.Thread(target=self._read, name="extension-host reader", daemon=True).start()

    def _read(self):
        data = b" "
        while data:
            try:
                data = os.read(self._input, READ_SIZE)
            except BlockingIOError:
                select.select([self._input], [], [])
                continue
            except OSError:
                data = b""  # such as a terminal that was hung up
            self._taken.clear()
            self._loop.call_soon_threadsafe(self._take, data)
            self._taken.wait()

    def _take(self, data):
        try:
            if data:
                self._split(data)
            else:
                self._end()
        finally:
            self._taken.set()

    def _split(self, data):
        first, *rest = data.split(b"\n")
        self._partial.append(first)
        for piece in rest:
            # Put together once, when the line is complete: a long one comes in many pieces.
            line = b"".join(self._partial)
            self._partial = [piece]
            self._on_line(line)

    def _end(self):
        if any(self._partial):
            self._on_problem("The input ended in the middle of a line")
        self._on_end()

    def send(self, line):
        """Blocks while the application does not read, as print() does on any pipe."""
        with self._lock:
            self._write(line + b"\n")

    def _write(self, data):
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._output, view):]
            except BlockingIOError:
                select.select([], [self._output], [])
            except OSError:
                return  # nobody reads us any more; the end of the input tells the same

    def _let_go(self):
        # A child that was forked without exec: its output is log, and the lock may be held for ever.
        self._lock = threading.Lock()
        os.dup2(0, self._input, inheritable=False)
        os.dup2(2, self._output, inheritable=False)
