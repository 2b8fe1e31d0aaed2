# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every host runtime has to do, one case each. docs/extensions.md says it in words."""

import os
import pty
import subprocess
import threading
import time

from runtime import DEADLINE, HOSTS, equal, error_of, expect, result_of
from runtime_kind import case, folder

MIB = 1 << 20


# The program

@case("is ready, answers ping and leaves at the end of its input")
def test_life(kind):
    with kind.run() as runtime:
        runtime.notification("host/ready")
        equal(runtime.result("ping"), {})
        runtime.close()
        runtime.expect_exit()
        equal(runtime.stderr, "")


@case("is installed as a whole")
def test_installed(kind):
    listed = (HOSTS / "meson.build").read_text(encoding="utf-8")
    for path in (HOSTS / kind.name).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            expect(listed, f"'{path.relative_to(HOSTS)}'")


@case("leaves at once when there is no input")
def test_no_input(kind):
    with kind.run(stdin=subprocess.DEVNULL) as runtime:
        runtime.expect_exit()


@case("refuses arguments with status 2")
def test_usage(kind):
    with kind.run("--wings") as runtime:
        runtime.expect_exit(2)
        expect(runtime.stderr, "Usage: extension-host-" + kind.name)


@case("gives a hint on a terminal")
def test_terminal(kind):
    primary, secondary = pty.openpty()
    with kind.run(stdin=secondary) as runtime:
        os.close(secondary)
        runtime.notification("host/ready")
        expect(runtime.stderr, "extension-host run --runtime " + kind.name)
        os.write(primary, b"\x04")
        runtime.expect_exit()
    os.close(primary)


@case("acknowledges shutdown, deactivates in reverse order and leaves")
def test_shutdown(kind):
    with kind.run() as runtime:
        for extension in ("a", "b", "c"):
            runtime.activate(kind.extension("probe"), extension)
        equal(runtime.result("shutdown"), None)
        order = [runtime.log("deactivated")["extension"] for _ in range(3)]
        equal(order, ["c", "b", "a"])
        runtime.expect_exit()


@case("deactivates at the end of its input")
def test_end_of_input(kind):
    with kind.probe() as runtime:
        runtime.close()
        runtime.log("deactivated", extension="e")
        runtime.expect_exit()


@case("a command in work is finished first")
def test_drain(kind):
    with kind.probe() as runtime:
        call = runtime.request_command("nap", {"ms": 300})
        runtime.close()
        equal(result_of(runtime.answer(call)), "slept")
        runtime.log("deactivated")
        runtime.expect_exit()


@case("what never ends does not keep the host")
def test_bounded_end(kind):
    with kind.probe() as runtime:
        runtime.activate(kind.extension("slow"), "stuck")
        call = runtime.request_command("deaf")
        runtime.notification("probe/waiting")
        start = time.monotonic()
        equal(runtime.result("shutdown"), None)
        runtime.log("never done", extension="stuck")
        runtime.log("deactivate() failed", extension="stuck", level="error")
        runtime.log("deactivated", extension="e")
        equal(error_of(runtime.answer(call))["code"], -32800)
        runtime.expect_exit()
        assert time.monotonic() - start < DEADLINE - 5, f"{time.monotonic() - start} s"


@case("new commands are refused while it leaves")
def test_refused_at_end(kind):
    with kind.probe() as runtime:
        runtime.request_command("nap", {"ms": 500})
        runtime.result("shutdown")
        equal(runtime.failed_command("echo")["code"], -32600)
        equal(runtime.error("extension/activate", {"id": "b", "path": "/"})["code"], -32600)
        equal(runtime.result("ping"), {})


@case("calls to the application fail when its end is closed")
def test_ask_at_end(kind):
    with kind.probe() as runtime:
        call = runtime.request_command("ask", {"method": "never"})
        runtime.find(lambda m: m.get("method") == "never", "the call")
        runtime.close()
        equal(error_of(runtime.answer(call))["code"], -32000)
        runtime.expect_exit()


# The protocol

@case("lines that are no JSON are logged")
def test_garbage(kind):
    with kind.run() as runtime:
        for line in (b"garbage", b'{"jsonrpc":', b"", b"\xff\xfe", b"[" * 100000, b"\x00", b"{} {}"):
            runtime.send_line(line)
        runtime.log("is no JSON", level="warning")
        equal(runtime.result("ping"), {})
        equal(sum("is no JSON" in m.get("params", {}).get("text", "") for m in runtime.pending()), 5)


@case("what is no JSON-RPC is refused")
def test_not_rpc(kind):
    with kind.run() as runtime:
        runtime.send_line(b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]')
        equal(error_of(runtime.answer(None))["code"], -32600)
        for message in (b'{"id":"a","method":"ping"}', b'{"jsonrpc":"2.0","id":"a","method":7}',
                        b'{"jsonrpc":"2.0","id":"a","method":"ping","params":7}'):
            runtime.send_line(message)
            equal(error_of(runtime.answer("a"))["code"], -32600)
        for message in (b"7", b"null", b'"text"', b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
                        b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
                        b'{"jsonrpc":"2.0","id":[],"result":1}',
                        b'{"jsonrpc":"2.0","id":77,"result":1}',
                        b'{"jsonrpc":"2.0","method":"$/cancelRequest","params":[1]}',
                        b'{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":{}}}',
                        b'{"jsonrpc":"2.0","method":"unknown"}'):
            runtime.send_line(message)
        equal(runtime.result("ping"), {})


@case("ids are given back as they came")
def test_ids(kind):
    with kind.run() as runtime:
        for request_id in (0, -1, 2 ** 53 - 1, "text", "", "1", "\u00fc\n\U0001f600"):
            runtime.send({"id": request_id, "method": "ping"})
            equal(result_of(runtime.answer(request_id)), {})


@case("unknown methods, commands and extensions have their errors")
def test_unknown(kind):
    with kind.probe() as runtime:
        for method in ("fly", "constructor", "__class__"):
            equal(runtime.error(method)["code"], -32601)
        for command in ("fly", "constructor"):
            equal(runtime.failed_command(command)["code"], -32601)
        equal(runtime.failed_command("echo", extension="nobody")["code"], -32602)
        equal(runtime.error("extension/deactivate", {"id": "nobody"})["code"], -32602)


@case("wrong parameters are refused")
def test_bad_params(kind):
    with kind.probe() as runtime:
        for method, params in (("extension/activate", None), ("extension/activate", []),
                               ("extension/activate", {"id": "x"}),
                               ("extension/activate", {"id": 1, "path": "/"}),
                               ("extension/activate", {"id": "", "path": "/"}),
                               ("extension/deactivate", None), ("extension/deactivate", {"id": 1}),
                               ("extension/call", None), ("extension/call", {"id": "e"}),
                               ("extension/call", {"id": "e", "command": 1}),
                               ("extension/call", {"id": "e", "command": "echo", "arguments": 1}),
                               ("extension/call", {"id": "e", "command": "echo", "arguments": None})):
            equal((method, params, runtime.error(method, params)["code"]), (method, params, -32602))


@case("16 MiB go both ways")
def test_large(kind):
    with kind.probe() as runtime:
        text = "\u00fc" * (8 * MIB)
        equal(runtime.command("echo", [text]) == [text], True)
        equal(len(runtime.command("big", {"size": 16 * MIB})), 16 * MIB)


@case("large answers do not mix")
def test_interleaving(kind):
    with kind.probe() as runtime:
        calls = [runtime.request_command("big", {"size": MIB + i}) for i in range(16)]
        for i, call in enumerate(calls):
            equal(len(result_of(runtime.answer(call))), MIB + i)


@case("lone surrogates and invalid UTF-8 do no harm")
def test_text(kind):
    with kind.probe() as runtime:
        equal(runtime.command("surrogate"), "\ud800")
        equal(runtime.command("echo", ["\ud800", "\ud83d\ude00"]), ["\ud800", "\U0001f600"])
        runtime.send_line(b'{"jsonrpc":"2.0","id":"u","method":"extension/call","params":'
                          b'{"id":"e","command":"echo","arguments":["\xff"]}}')
        equal(result_of(runtime.answer("u")), ["\ufffd"])


# Activation

@case("activation tells the commands, and the extension who it is")
def test_activation(kind):
    with kind.run() as runtime:
        path = str(kind.extension("probe"))
        commands = runtime.activate(path)["commands"]
        assert {"echo", "wait"} <= set(commands), commands
        runtime.notification("probe/activated", id="e", path=path)


@case("an active extension is not activated again")
def test_active(kind):
    with kind.probe() as runtime:
        error = runtime.error("extension/activate",
                              {"id": "e", "path": str(kind.extension("probe"))})
        equal(error["code"], -32602)
        expect(error["message"], "“e” is active already")
        equal(runtime.command("echo", [1]), [1])


@case("one that is being activated neither, and its commands wait for nobody")
def test_activating(kind):
    with kind.run() as runtime:
        first = runtime.request("extension/activate",
                                {"id": "s", "path": str(kind.extension("slow"))})
        asked = runtime.find(lambda m: m.get("method") == "probe/go", "probe/go")
        error = runtime.error("extension/activate", {"id": "s", "path": str(kind.extension("slow"))})
        equal(error["code"], -32602)
        runtime.send({"id": asked["id"], "result": None})
        equal(result_of(runtime.answer(first)), {"commands": []})


@case("two extensions of one file share nothing")
def test_twice(kind):
    with kind.probe() as runtime:
        runtime.activate(kind.extension("probe"), "f")
        runtime.command("log", extension="f")
        runtime.log("first", extension="f")
        runtime.command("log")
        runtime.log("first", extension="e")


@case("a failed activation has the error, and can be repeated once repaired")
def test_repair(kind):
    with folder() as path, kind.run() as runtime:
        file = path / ("broken" + kind.suffix)
        source = kind.extension("probe").read_text(encoding="utf-8")
        for broken in ("(", kind.thrower):
            file.write_text(broken, encoding="utf-8")
            error = runtime.error("extension/activate", {"id": "e", "path": str(file)})
            equal(error["code"], -32000)
            expect(error["data"][kind.trace], "Error")
        equal(error["message"], "on purpose")
        equal(runtime.failed_command("echo")["code"], -32602)
        file.write_text(source, encoding="utf-8")
        runtime.activate(file)
        equal(runtime.command("echo", [1]), [1])


@case("what is missing or no extension cannot be activated")
def test_no_extension(kind):
    with folder() as path, kind.run() as runtime:
        (path / ("empty" + kind.suffix)).write_text("", encoding="utf-8")
        for name, message in (("missing" + kind.suffix, "There is no"), ("empty" + kind.suffix, "activate()")):
            error = runtime.error("extension/activate", {"id": "e", "path": str(path / name)})
            equal(error["code"], -32000)
            expect(error["message"], message)


@case("a cancelled activation is over")
def test_cancelled_activation(kind):
    with kind.run() as runtime:
        for _ in range(2):
            call = runtime.request("extension/activate",
                                   {"id": "s", "path": str(kind.extension("slow"))})
            runtime.find(lambda m: m.get("method") == "probe/go", "probe/go")
            runtime.cancel(call)
            equal(error_of(runtime.answer(call))["code"], -32800)


@case("deactivation drops the commands and tells the extension")
def test_deactivation(kind):
    with kind.probe() as runtime:
        call = runtime.request_command("deaf")
        runtime.notification("probe/waiting")
        equal(runtime.result("extension/deactivate", {"id": "e"}), None)
        runtime.log("deactivated", extension="e")
        runtime.notification("probe/signal")
        equal(error_of(runtime.answer(call))["code"], -32800)
        equal(runtime.failed_command("echo")["code"], -32602)
        runtime.activate(kind.extension("probe"))
        equal(runtime.command("echo", [1]), [1])


@case("an activation waits for the deactivation of its predecessor")
def test_reactivation(kind):
    with kind.run() as runtime:
        runtime.activate(kind.extension("slow"), "stuck")
        first = runtime.request("extension/deactivate", {"id": "stuck"})
        runtime.log("never done")
        second = runtime.request("extension/activate",
                                 {"id": "stuck", "path": str(kind.extension("probe"))})
        # Were it not to wait, it would be active before one that was asked for later.
        runtime.activate(kind.extension("probe"), "later")
        assert not any((m.get("params") or {}).get("id") == "stuck" for m in runtime.pending())
        runtime.cancel(first)
        equal(error_of(runtime.answer(first))["code"], -32800)
        result_of(runtime.answer(second))
        runtime.notification("probe/activated", id="stuck")


# Commands

@case("a command answers with what it returns")
def test_command(kind):
    with kind.probe() as runtime:
        for arguments in ([], {}, [1, {"a": None}], {"a": "\u00fc"}):
            equal(runtime.command("echo", arguments), arguments)
        equal(runtime.command("echo"), None)
        equal(runtime.command("nothing"), None)


@case("an error of a command is the answer, and the host lives on")
def test_failure(kind):
    with kind.probe() as runtime:
        error = runtime.failed_command("fail")
        equal((error["code"], error["message"]), (-32000, "on purpose"))
        expect(error["data"][kind.trace], "probe" + kind.suffix, "on purpose")
        for command in ("fail-oddly", "unserialisable", "register-twice"):
            equal((command, runtime.failed_command(command)["code"]), (command, -32000))
        equal(runtime.command("echo", [1]), [1])


@case("commands run concurrently")
def test_concurrency(kind):
    with kind.probe() as runtime:
        calls = [runtime.request_command("wait") for _ in range(20)]
        for _ in calls:
            runtime.notification("probe/waiting")
        equal(runtime.command("echo", [1]), [1])


@case("a cancelled command is answered and told")
def test_cancel(kind):
    with kind.probe() as runtime:
        for command in ("wait", *kind.more_waits):
            call = runtime.request_command(command)
            runtime.notification("probe/waiting")
            runtime.cancel(call)
            equal(error_of(runtime.answer(call))["code"], -32800)
            runtime.notification("probe/cancelled")
        # One that does not listen is answered, too.
        call = runtime.request_command("deaf")
        runtime.notification("probe/waiting")
        runtime.cancel(call)
        equal(error_of(runtime.answer(call))["code"], -32800)
        # Cancelling what is done or was never asked means nothing.
        runtime.cancel(call)
        runtime.cancel("unknown")
        equal(runtime.result("ping"), {})


@case("a command that blocks the loop blocks ping")
def test_block(kind):
    with kind.probe() as runtime:
        runtime.request_command("block", {"ms": 3000})
        runtime.notification("probe/waiting")
        start = time.monotonic()
        runtime.result("ping")
        assert time.monotonic() - start > 0.2, "ping was answered at once"


# The application

@case("an extension calls the application")
def test_ask(kind):
    with kind.probe() as runtime:
        runtime.methods["app/double"] = lambda params: params[0] * 2
        for command in ("ask", *kind.more_asks):
            equal(runtime.command(command, {"method": "app/double", "params": [21]}), 42)


@case("an error of the application reaches the extension")
def test_ask_failure(kind):
    def refuse(_params):
        raise LookupError("there is none")
    with kind.probe() as runtime:
        runtime.methods["app/find"] = refuse
        error = runtime.failed_command("ask", {"method": "app/find"})
        equal((error["code"], error["message"]), (-32000, "there is none"))


@case("a call to the application times out and is cancelled")
def test_ask_timeout(kind):
    with kind.probe() as runtime:
        call = runtime.request_command("ask", {"method": "never", "timeout": kind.short_timeout})
        asked = runtime.find(lambda m: m.get("method") == "never", "never")
        expect(error_of(runtime.answer(call))["message"], "did not answer “never”")
        runtime.notification("$/cancelRequest", id=asked["id"])
        runtime.send({"id": asked["id"], "result": "late"})
        equal(runtime.result("ping"), {})


@case("wrong parameters for the application are errors of the command")
def test_ask_badly(kind):
    with kind.probe() as runtime:
        equal(runtime.failed_command("ask", {"method": 7})["code"], -32000)
        equal(runtime.failed_command("ask", {"method": "app/x", "params": 7})["code"], -32000)


@case("calls to the application end with their extension")
def test_ask_retired(kind):
    with kind.run() as runtime:
        call = runtime.request("extension/activate",
                               {"id": "s", "path": str(kind.extension("slow"))})
        asked = runtime.find(lambda m: m.get("method") == "probe/go", "probe/go")
        equal(runtime.result("extension/deactivate", {"id": "s"}), None)
        equal(error_of(runtime.answer(call))["code"], -32800)
        runtime.notification("$/cancelRequest", id=asked["id"])


@case("notifications, status and log of an extension")
def test_notify(kind):
    with kind.probe() as runtime:
        runtime.command("notify", {"method": "app/hello", "params": {"a": 1}})
        runtime.notification("app/hello", a=1)
        runtime.command("status")
        runtime.notification("host/status", text="half way", progress=0.5)
        runtime.command("log")
        equal([runtime.log(text)["level"] for text in ("first", "second")], ["debug", "debug"])


# Output

@case("what an extension prints is log, with its name")
def test_print(kind):
    with kind.probe() as runtime:
        runtime.command("print")
        for text, level in (("one", "info"), ("two 2", "info"), ("careful", "warning"),
                            ("imported", "info"), ("late", kind.late_level)):
            equal(runtime.log(text), {"level": level, "text": text, "extension": "e"})


@case("what goes round that is log, too, and no child finds the input")
def test_write_around(kind):
    with kind.probe() as runtime:
        runtime.command("write-around")
        equal(runtime.result("ping"), {})
        runtime.close()
        runtime.expect_exit()
        expect(runtime.stderr, "to stdout\n", "to descriptor 1\n", "written by a child\n")


@case("children inherit neither end of the wire")
def test_descriptors(kind):
    with kind.probe() as runtime:
        listed = runtime.command("descriptors")
        ends = [os.readlink(f"/proc/self/fd/{stream.fileno()}")
                for stream in (runtime.process.stdin, runtime.process.stdout)]
        for end in ends:
            assert end not in listed, listed


@case("it waits for an application that does not read")
def test_back_pressure(kind):
    count = 3000
    requests = b"".join(b'{"jsonrpc":"2.0","id":%d,"method":"ping"}\n' % i for i in range(count))
    with kind.run(stdout_size=4096) as runtime:
        def write():
            runtime.process.stdin.write(requests)
            runtime.process.stdin.close()
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        runtime.wait_until_full()
        runtime.read()
        for i in range(count):
            equal(result_of(runtime.answer(i)), {})
        writer.join(DEADLINE)
        runtime.expect_exit()


# Strays

@case("an error that nobody catches fails the command and is logged")
def test_stray(kind):
    with kind.probe() as runtime:
        for command in ("stray", "stray-rejection", *kind.more_strays):
            error = runtime.failed_command(command)
            equal((command, error["code"], error["message"]), (command, -32000, "stray"))
            runtime.log("Uncaught", level="error", extension="e")
        equal(runtime.command("echo", [1]), [1])


@case("one that belongs to no command is logged")
def test_stray_unasked(kind):
    with kind.probe() as runtime:
        runtime.command("stray-unasked")
        runtime.log("Uncaught", level="error", extension="e")
        equal(runtime.command("echo", [1]), [1])


@case("what a command has left running goes on after one")
def test_stray_beside(kind):
    with kind.probe() as runtime:
        runtime.command("stray-and-go-on")
        runtime.log("Uncaught", level="error", extension="e")
        asked = runtime.find(lambda m: m.get("method") == "probe/first", "the first call")
        runtime.send({"id": asked["id"], "result": None})
        asked = runtime.find(lambda m: m.get("method") == "probe/second", "the second call")
        runtime.send({"id": asked["id"], "result": None})
        runtime.notification("probe/went-on")


@case("an extension cannot end the host")
def test_exit(kind):
    with kind.probe() as runtime:
        for command in ("exit", "exit-later"):
            error = runtime.failed_command(command)
            equal((command, error["code"]), (command, -32000))
            expect(error["message"], "exit(3)", "cannot end its host")
        equal(runtime.command("echo", [1]), [1])


@case("not even while it is activated")
def test_exit_at_activation(kind):
    with folder() as path, kind.run() as runtime:
        file = path / ("leaver" + kind.suffix)
        file.write_text(kind.leaver, encoding="utf-8")
        error = runtime.error("extension/activate", {"id": "e", "path": str(file)})
        equal(error["code"], -32000)
        expect(error["message"], "cannot end its host")
        equal(runtime.result("ping"), {})
