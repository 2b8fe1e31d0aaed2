# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same as echo.mjs: JSON-RPC 2.0, one message a line, on stdin and stdout."""

import json
import os
import platform
import sys
import time


class RpcError(Exception):
    def __init__(self, code, message, data=None):
        super().__init__(message)
        self.reply = {"code": code, "message": message}
        if data is not None:
            self.reply["data"] = data


def add(numbers):
    if not isinstance(numbers, list) or not all(isinstance(n, (int, float)) for n in numbers):
        raise RpcError(-32602, "add takes an array of numbers", {"got": numbers})
    return {"sum": sum(numbers)}


def sleep(params):
    time.sleep(params[0] / 1000)
    return "slept"


def crash(_params):
    os._exit(7)  # at once, as a crash does


METHODS = {
    "echo": lambda params: params,
    "add": add,
    "sleep": sleep,
    "crash": crash,
    "ping": lambda params: "pong",
    "shutdown": lambda params: None,
}


def send(message):
    # A pipe is buffered unless it is flushed.
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def answer(message):
    try:
        method = METHODS.get(message["method"])
        if method is None:
            raise RpcError(-32601, f"There is no method “{message['method']}”")
        send({"id": message["id"], "result": method(message.get("params"))})
    except RpcError as error:
        send({"id": message["id"], "error": error.reply})


def main():
    print(f"echo on Python {platform.python_version()}", file=sys.stderr, flush=True)

    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            answer(message)
        else:
            send({"method": "echo/noticed",
                  "params": {"method": message["method"], "params": message.get("params")}})


if __name__ == "__main__":
    main()
