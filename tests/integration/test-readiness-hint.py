#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host that keeps its messages in a buffer: what the failed start says about it.

The typelib and the library are found by GI_TYPELIB_PATH and LD_LIBRARY_PATH. Runs with the Python
of the system, which is the one that has PyGObject.
"""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import tap  # pylint: disable=wrong-import-position

try:
    import gi
    gi.require_version("ExtensionHost", "1.0")
    from gi.repository import ExtensionHost, GLib
except (ImportError, ValueError) as error:
    print("TAP version 13")
    print(f"1..0 # SKIP no PyGObject or no typelib: {error}")
    sys.exit(0)

# Development machines often set it, and nobody forgets to flush there.
os.environ.pop("PYTHONUNBUFFERED", None)

TIMEOUT = 3000
BARE = f"not ready within {TIMEOUT} ms"
HINT = f"{BARE}; nothing was received: is its output buffered?"

READY = ExtensionHost.ReadyMode.NOTIFICATION
# Both forget to flush. What they print stays with them until they end.
TELLS = ["python3", "-c",
         "import sys\n"
         "print('{\"jsonrpc\":\"2.0\",\"method\":\"host/ready\"}')\n"
         "for line in sys.stdin:\n"
         "    pass\n"]
ANSWERS = ["python3", "-c",
           "import json, sys\n"
           "for line in sys.stdin:\n"
           "    id = json.loads(line).get('id')\n"
           "    print(json.dumps({'jsonrpc': '2.0', 'id': id, 'result': {}}))\n"]


def new_process(argv, **properties):
    spec = ExtensionHost.Spec.new("guest", argv)
    properties = {"restart": ExtensionHost.RestartPolicy.NEVER, **properties}
    for name, value in properties.items():
        spec.set_property(name.replace("_", "-"), value)
    return ExtensionHost.Process.new(spec)


def find_failure(argv, **properties):
    """What is told of a start that fails: the reason, and the detail."""
    process = new_process(argv, start_timeout=TIMEOUT, **properties)
    process.start()
    try:
        process.wait_ready(None)
        assert False, "it is ready"
    except GLib.Error as error:
        assert error.matches(ExtensionHost.error_quark(), ExtensionHost.Error.HOST_EXITED)
    failures = [transition for transition in process.dup_history()
                if transition.get_new() == ExtensionHost.State.UNHEALTHY]
    assert len(failures) == 1, [failure.to_string() for failure in failures]
    assert failures[0].get_reason() == ExtensionHost.Reason.START_TIMEOUT
    return failures[0].get_detail()


def assert_detail(detail, expected):
    assert detail == expected, detail


@tap.case("a notification that is not flushed")
def _():
    assert_detail(find_failure(TELLS, ready_mode=READY), HINT)


@tap.case("the answer to a handshake that is not flushed")
def _():
    assert_detail(find_failure(ANSWERS, protocol=ExtensionHost.Protocol.MCP), HINT)


@tap.case("what is printed on stderr says nothing of stdout")
def _():
    assert_detail(find_failure(["sh", "-c", "echo here I am >&2; exec cat"], ready_mode=READY), HINT)


@tap.case("a host whose output arrives flushes it")
def _():
    assert_detail(find_failure(["sh", "-c", "echo here I am; exec cat"], ready_mode=READY), BARE)
    assert_detail(find_failure(["sh", "-c", "printf ' '; exec cat"], ready_mode=READY), BARE)


@tap.case("with its output flushed the same host is ready")
def _():
    unbuffered = ["PYTHONUNBUFFERED=1"]
    for argv, properties in ((TELLS, {"ready_mode": READY}),
                             (ANSWERS, {"protocol": ExtensionHost.Protocol.MCP})):
        process = new_process(argv, environment=unbuffered, **properties)
        process.start()
        assert process.wait_ready(None)
        assert not process.stop(None).get_forced()


tap.run()
