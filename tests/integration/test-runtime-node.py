#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host runtime for extensions in JavaScript, over its pipes."""

import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import tap  # pylint: disable=wrong-import-position
from runtime import equal, expect  # pylint: disable=wrong-import-position
from runtime_kind import Kind, folder, register  # pylint: disable=wrong-import-position
import runtime_cases  # pylint: disable=wrong-import-position,unused-import
import runtime_examples  # pylint: disable=wrong-import-position,unused-import


class Node(Kind):
    thrower = "export function activate() { throw new Error('on purpose'); }\n"
    leaver = "process.exit(3);\nexport function activate() {}\n"
    short_timeout = 20  # ms
    late_level = "error"
    more_waits = more_asks = more_strays = ()

    def run(self, *arguments, **options):
        if shutil.which("node") is None:
            raise tap.Skip("there is no node in PATH")
        return super().run(*arguments, **options)


KIND = Node("node", ".mjs", "stack")
register(KIND)

ECHO = "activate(context) { context.registerCommand('echo', (args) => args); }"


def check_package(files):
    with folder() as path, KIND.run() as runtime:
        for name, text in files.items():
            (path / name).write_text(text, encoding="utf-8")
        runtime.activate(path)
        equal(runtime.command("echo", [1]), [1])


@tap.case("a folder with a package.json is an extension")
def test_package():
    check_package({"package.json": '{"type": "module", "main": "main.js"}',
                   "main.js": "export { activate } from './other.js';\n",
                   "other.js": f"export function {ECHO}\n"})


@tap.case("CommonJS is understood")
def test_commonjs():
    check_package({"package.json": '{"main": "main.js"}',
                   "main.js": f"const path = require('path');\nmodule.exports = new (class {{ {ECHO} }})();\n"})
    check_package({"index.js": f"function {ECHO}\nexports.activate = activate;\n"})


@tap.case("a folder without anything to load is told on one line")
def test_no_package():
    for files in ({}, {"package.json": '{"main": "gone.js"}'}):
        with folder() as path, KIND.run() as runtime:
            for name, text in files.items():
                (path / name).write_text(text, encoding="utf-8")
            error = runtime.error("extension/activate", {"id": "e", "path": str(path)})
            expect(error["message"], f"“{path}”", "package.json", "index.js")
            assert "\n" not in error["message"], error["message"]


@tap.case("CommonJS is loaded anew, too")
def test_commonjs_repair():
    with folder() as path, KIND.run() as runtime:
        file = path / "main.cjs"
        file.write_text("exports.activate = () => { throw new Error('on purpose'); };\n", encoding="utf-8")
        for _ in range(2):
            error = runtime.error("extension/activate", {"id": "e", "path": str(file)})
            equal(error["message"], "on purpose")
        file.write_text(f"module.exports = {{ {ECHO} }};\n", encoding="utf-8")
        runtime.activate(file)
        equal(runtime.command("echo", [1]), [1])


@tap.case("errors keep the name of their extension where Node forgets it")
def test_microtask():
    with folder() as path, KIND.run() as runtime:
        file = path / "micro task.mjs"
        file.write_text("export function activate() { setTimeout(() => queueMicrotask(() => {\n"
                        "  throw new Error('stray'); }), 1); }\n", encoding="utf-8")
        runtime.activate(file)
        runtime.log("Uncaught: Error: stray", extension="e")


@tap.case("what an extension does at the exit does not prevent it")
def test_exit_handler():
    with folder() as path, KIND.run() as runtime:
        file = path / "main.mjs"
        file.write_text("export function activate() {\n"
                        "  process.on('exit', () => { throw new Error('at the exit'); });\n"
                        "  setInterval(() => {}, 1000); }\n", encoding="utf-8")
        runtime.activate(file)
        runtime.close()
        runtime.expect_exit()


@tap.case("a flood of log that nobody can read is cut short")
def test_flood():
    with folder() as path, KIND.run() as runtime:
        file = path / "main.mjs"
        file.write_text("export function activate() {\n"
                        "  const line = 'x'.repeat(1 << 20);\n"
                        "  for (let i = 0; i < 100; i++) console.log(line); }\n"
                        "export function deactivate() { console.log('bye'); }\n", encoding="utf-8")
        runtime.activate(file)
        runtime.result("extension/deactivate", {"id": "e"})
        runtime.log("lines of log were dropped", level="warning")
        runtime.log("bye")


tap.run()
