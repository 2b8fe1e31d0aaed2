# SPDX-License-Identifier: LGPL-2.1-or-later
"""Puts the parts together and runs them until the host leaves."""

import asyncio
import atexit
import os
import signal
import sys

from .descriptors import take_descriptors
from .host import Host
from .log import Log
from .peer import Peer
from .streams import capture_output
from .strays import Strays
from .threads import ScopedExecutor, carry_scopes
from .wire import Wire

USAGE = """\
Usage: extension-host-python
It takes no arguments: the application sends extension/activate for each extension."""
HINT = """\
extension-host-python: waiting for JSON-RPC messages, one a line, and Ctrl-D to leave. An
application starts this program; by hand, try “extension-host run --runtime python EXTENSION”."""


def main():
    if len(sys.argv) > 1:
        print(USAGE, file=sys.stderr)
        return 2
    if os.isatty(0):
        print(HINT, file=sys.stderr)

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ScopedExecutor())

    wire = Wire(loop, *take_descriptors())
    peer = Peer(loop, wire)
    log = Log(peer)
    output = capture_output(log)
    host = Host(loop, peer, log)
    strays = Strays(loop, log, host)
    carry_scopes()

    peer.start(host.methods, lambda text: log.write("warning", text))

    def on_end():
        peer.close()
        host.finish()

    wire.start(peer.receive, lambda text: log.write("warning", text), on_end)
    peer.notify("host/ready")
    strays.run_until(host.finished)

    output.flush_all()
    # The threads of commands and of extensions are not waited for, as an interpreter that ends would do.
    atexit._run_exitfuncs()  # pylint: disable=protected-access
    sys.stderr.flush()
    os._exit(0)
