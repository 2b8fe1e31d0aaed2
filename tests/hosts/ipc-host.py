#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host on the socket of Node that is no Node, and does what a socket lets it do."""

import array
import json
import os
import select
import signal
import socket

signal.alarm(120)

channel = socket.socket(fileno=int(os.environ["NODE_CHANNEL_FD"]))
reader = channel.makefile("rb")


def send(message, *ancillary):
    line = json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"
    sent = channel.sendmsg([line], ancillary)
    channel.sendall(line[sent:])


def give(count):
    """Sends descriptors along. Whether nobody has them any more, once somebody has read."""
    read, write = os.pipe()
    for _ in range(count):
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [write] * 16))
        send({"method": "tick", "params": {}}, rights)
    os.close(write)
    ready, _, _ = select.select([read], [], [], 20)
    gone = bool(ready) and os.read(read, 1) == b""
    os.close(read)
    return "gone" if gone else "held"


def urge():
    channel.send(b"!", socket.MSG_OOB)
    return True


def close(direction):
    channel.shutdown(getattr(socket, direction))
    signal.pause()


METHODS = {
    "add": sum,
    "echo": lambda params: params,
    "give": lambda params: give(params[0]),
    "urge": lambda params: urge(),
    "close": lambda params: close(params[0]),
    "stdin": lambda params: len(os.read(0, 1)),
    "mode": lambda params: os.environ.get("NODE_CHANNEL_SERIALIZATION_MODE"),
    "fds": lambda params: sorted(int(fd) for fd in os.listdir("/proc/self/fd")
                                 if os.path.exists(f"/proc/self/fd/{fd}")),
}

for line in reader:
    request = json.loads(line)
    if "id" not in request:
        continue
    method = METHODS.get(request["method"])
    if method is None:
        send({"id": request["id"], "error": {"code": -32601, "message": "no such method"}})
    else:
        send({"id": request["id"], "result": method(request.get("params"))})
