#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host runtime for extensions in Python, over its pipes."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import tap  # pylint: disable=wrong-import-position
from runtime import equal, expect  # pylint: disable=wrong-import-position
from runtime_kind import Kind, folder, register  # pylint: disable=wrong-import-position
import runtime_cases  # pylint: disable=wrong-import-position,unused-import
import runtime_examples  # pylint: disable=wrong-import-position,unused-import


class Python(Kind):
    thrower = 'def activate(context):\n    raise RuntimeError("on purpose")\n'
    leaver = "import sys\nsys.exit(3)\n"
    short_timeout = 0.02
    late_level = "info"
    more_waits = ("wait-in-thread",)
    more_asks = ("ask-in-thread",)
    more_strays = ("stray-in-thread",)


KIND = Python("python", ".py", "traceback")
register(KIND)


@tap.case("a package is an extension, and so are its modules")
def test_package():
    with folder() as path, KIND.run() as runtime:
        (path / "__init__.py").write_text("from .other import activate\n", encoding="utf-8")
        (path / "other.py").write_text(
            "def activate(context):\n"
            "    context.register_command('echo', lambda arguments, call: arguments)\n", encoding="utf-8")
        runtime.activate(path)
        equal(runtime.command("echo", [1]), [1])


@tap.case("a plain function does not block the loop")
def test_threads():
    with KIND.probe() as runtime:
        calls = [runtime.request_command("block-thread", {"ms": 1000}) for _ in range(50)]
        start = time.monotonic()
        equal(runtime.result("ping"), {})
        for call in calls:
            runtime.answer(call)
        assert time.monotonic() - start < 25, "they waited for each other"


@tap.case("a forked child does not write to the wire")
def test_fork():
    with KIND.probe() as runtime:
        runtime.command("fork")
        runtime.close()
        runtime.expect_exit()
        expect(runtime.stderr, "forked")
        assert not any("forked" in str(message) for message in runtime.pending())


@tap.case("atexit functions are run, threads are not waited for")
def test_exit():
    with folder() as path, KIND.run() as runtime:
        file = path / "main.py"
        file.write_text("import atexit, os, threading, time\n"
                        "def activate(context):\n"
                        "    threading.Thread(target=time.sleep, args=[3600], daemon=False).start()\n"
                        "    print('unfinished', end='')\n"
                        "    atexit.register(lambda: os.write(2, b'at the exit'))\n", encoding="utf-8")
        runtime.activate(file)
        runtime.close()
        start = time.monotonic()
        runtime.log("unfinished", extension="e")
        runtime.expect_exit()
        assert time.monotonic() - start < 25, "it waited for the thread"
        expect(runtime.stderr, "at the exit")


tap.run()
