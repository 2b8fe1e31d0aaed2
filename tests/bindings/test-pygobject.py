#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the introspection data says is what PyGObject then does: calls, errors, nothing, ownership.

The typelib and the library are found by GI_TYPELIB_PATH and LD_LIBRARY_PATH, the host is RPC_HOST.
"""

import gc
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import weakref

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import tap  # pylint: disable=wrong-import-position

try:
    import gi
    gi.require_version("ExtensionHost", "1.0")
    gi.require_version("Json", "1.0")
    from gi.repository import ExtensionHost, Gio, GLib, GObject, Json
except (ImportError, ValueError) as reason:
    print("TAP version 13")
    print(f"1..0 # SKIP no PyGObject or no typelib: {reason}")
    sys.exit(0)

PAGE = os.sysconf("SC_PAGE_SIZE")


def new_host(*options, **properties):
    spec = ExtensionHost.Spec(id="guest", argv=[os.environ["RPC_HOST"], "--live-for=120", *options],
                              health_interval=0, **properties)
    return ExtensionHost.Process(spec=spec)


def running_host(*options, **properties):
    host = new_host(*options, **properties)
    host.start()
    host.wait_ready(None)
    return host


def text(value):
    return GLib.Bytes.new(json.dumps(value).encode())


def plain(answer):
    return json.loads(answer.get_data())


def begin(method, *arguments):
    """Begins an asynchronous call; the list is given its source and result."""
    answers = []
    method(*arguments, lambda *answer: answers.append(answer))
    assert not answers, "the callback came before the call had returned"
    return answers


def wait_until(condition):
    """The harness ends a test that waits for ever."""
    while not condition():
        GLib.MainContext.default().iteration(True)


def answer_of(answers):
    wait_until(lambda: answers)
    assert len(answers) == 1
    return answers[0]


def error_of(function, *arguments):
    try:
        function(*arguments)
    except GLib.Error as error:
        return error
    raise AssertionError(f"{function} did not fail")


def rss():
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * PAGE


def expect_no_growth(what, step):
    """A step that leaks what it is given, 30 KiB or more, has outgrown the limit long before the end."""
    for _round in range(100):
        step()
    gc.collect()
    before = rss()
    for _round in range(300):
        step()
    gc.collect()
    growth = (rss() - before) >> 10
    print(f"# {what}: {growth} KiB more", flush=True)
    assert growth < 4096, f"{what}: {growth} KiB more after 300 rounds"


@tap.case("blocking: a host is started, called with JSON text and with trees, and stopped")
def test_blocking():
    host = new_host("--ack-shutdown")
    assert host.start() is True and host.wait_ready(None) is True
    assert plain(host.call_bytes("add", text([40, 2]), 0, None)) == 42
    assert plain(host.call_bytes("echo", None, 0, None)) is None
    answer = host.call("echo", Json.from_string('{"a":[1,null]}'), 0, None)
    assert Json.to_string(answer, False) == '{"a":[1,null]}'
    answer = host.call("echo", Json.from_string("[]"), ExtensionHost.NO_TIMEOUT, None)
    assert answer.get_array().get_length() == 0
    outcome = host.stop(None)
    assert outcome.get_acknowledged() and outcome.get_exited() and not outcome.get_forced()
    assert host.wait(None).get_kind() == ExtensionHost.ExitKind.EXITED


@tap.case("async: finish functions give the result, in the order of the calls")
def test_async():
    host = new_host()
    source, result = answer_of(begin(host.start_async, None))
    assert source is host and host.start_finish(result) is True
    calls = [begin(host.call_bytes_async, "add", text([number, 1]), 0, None) for number in range(50)]
    last = answer_of(calls[-1])
    assert all(calls)
    assert [plain(host.call_bytes_finish(call[0][1])) for call in calls] == list(range(1, 51))
    assert isinstance(last[1], Gio.AsyncResult)
    waiting = begin(host.wait_async, None)
    source, result = answer_of(begin(host.stop_async, None))
    assert host.stop_finish(result).get_exited()
    source, result = answer_of(waiting)
    assert host.wait_finish(result).get_requested()


@tap.case("errors: domain and code of the library, of the host, and of GIO")
def test_errors():
    host = new_host("--cancel-notices")
    error = error_of(host.call_bytes, "echo", None, 0, None)
    assert error.matches(ExtensionHost.Error.quark(), ExtensionHost.Error.NOT_RUNNING), error
    assert error.domain == "extension-host-error-quark"
    assert not error.matches(ExtensionHost.Error.quark(), ExtensionHost.Error.NOT_FOUND)
    host.start()
    host.wait_ready(None)

    error = error_of(host.call_bytes, "fail", None, 0, None)
    assert error.domain == "extension-host-rpc-error-quark" and error.code == -7, error
    assert error.message == "no such luck"
    error = error_of(host.call, "no/such/method", None, 0, None)
    assert error.matches(ExtensionHost.RpcError.quark(), ExtensionHost.RpcError.METHOD_NOT_FOUND), error

    error = error_of(host.call_bytes, "hold", None, 20, None)
    assert error.matches(ExtensionHost.Error.quark(), ExtensionHost.Error.TIMED_OUT), error
    error = error_of(host.call_bytes, "echo", GLib.Bytes.new(b"no JSON"), 0, None)
    assert error.matches(ExtensionHost.Error.quark(), ExtensionHost.Error.FAILED), error

    cancellable = Gio.Cancellable()
    answers = begin(host.call_bytes_async, "hold", None, 0, cancellable)
    cancellable.cancel()
    error = error_of(host.call_bytes_finish, answer_of(answers)[1])
    assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), error

    error = error_of(ExtensionHost.Spec.new_from_file, Gio.File.new_for_path("/nonexistent.exthost"))
    assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND), error
    host.stop(None)


@tap.case("errors: one of many files that is wrong raises, and keeps the others out in no language")
def test_partial():
    with tempfile.TemporaryDirectory() as folder:
        for name, text_ in (("a", "Exec=true"), ("b", "Colour=blue"), ("c", "Exec=true")):
            pathlib.Path(folder, name + ".exthost").write_text(f"[Extension Host]\n{text_}\n", encoding="utf-8")
        manager = ExtensionHost.Manager()
        error = error_of(manager.load_directory, Gio.File.new_for_path(folder))
    assert "b.exthost" in error.message, error
    assert [host.props.id for host in manager] == ["a", "c"]


@tap.case("failures: what a GError has no room for is had from the result")
def test_failures():
    host = running_host()
    answers = begin(host.call_async, "fail", None, 0, None)
    source, result = answer_of(answers)
    failure = source.get_call_failure(result)
    assert (failure.get_code(), failure.get_message(), failure.get_written()) == (-7, "no such luck", True)
    assert Json.to_string(failure.get_data(), False) == '{"why":[1]}'
    assert failure.get_exit() is None and failure.get_log() == []
    assert error_of(source.call_finish, result).code == -7
    del source, result, answers
    gc.collect()
    assert failure.get_message() == "no such luck"
    source, result = answer_of(begin(host.call_async, "add", Json.from_string("[1,2]"), 0, None))
    assert source.get_call_failure(result) is None
    host.stop(None)


@tap.case("misuse: a blocking call of no method returns at once, with a critical warning")
def test_misuse():
    script = """
import gi, os
gi.require_version("ExtensionHost", "1.0")
from gi.repository import ExtensionHost
host = ExtensionHost.Process.new(ExtensionHost.Spec.new("guest", [os.environ["RPC_HOST"], "--live-for=60"]))
host.start()
host.wait_ready(None)
print(host.call("", None, 0, None), host.call_bytes("", None, 0, None), host.call_bytes("add", None, 0, None) is None)
"""
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, "G_DEBUG": ""}, text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 0 and done.stdout == "None None False\n", done
    assert done.stderr.count("CRITICAL") == 2, done.stderr


@tap.case("nothing is None: where the introspection data says nullable, and nowhere else")
def test_nothing():
    host = new_host()
    manager = ExtensionHost.Manager()
    nothing = {f"{kind}.{name}" for kind, thing in (("Process", host), ("Manager", manager),
                                                    ("Spec", ExtensionHost.Spec()))
               for name in dir(type(thing))
               if name.startswith("get_") and name not in dir(GObject.Object) and
               name not in ("get_item", "get_call_failure") and getattr(thing, name)() is None}
    assert nothing == {"Process.get_kind", "Process.get_last_control_failure", "Process.get_last_exit",
                       "Process.get_last_health", "Process.get_status_text",
                       "Manager.get_application_id", "Manager.get_bus_name", "Spec.get_id"}, nothing
    assert ExtensionHost.Spec().get_argv() == [] and ExtensionHost.Spec().props.argv == []
    assert host.dup_history() == [] and host.dup_log(10).unpack() == []
    assert manager.lookup("nobody") is None
    host.start()
    assert host.dup_history()[0].get_detail() is None
    host.stop(None)


@tap.case("records are copied and freed with whoever holds them")
def test_records():
    host = running_host("--ack-shutdown")
    outcome = host.stop(None)
    records = [outcome, outcome.get_exit(), host.dup_history()[-1]]
    texts = [records[1].to_string(), records[2].to_string()]
    for record in records:
        for _round in range(100):
            value = GObject.Value(type(record).__gtype__)
            value.set_boxed(record)
            copy = value.get_boxed()
            value.unset()
            assert type(copy) is type(record)
    del host, outcome
    gc.collect()
    assert [records[1].to_string(), records[2].to_string()] == texts
    assert records[0].get_exited() and records[0].get_exit().get_code() == 0


@tap.case("enumerations: names, nicks and labels")
def test_enums():
    state = ExtensionHost.State.RUNNING
    assert state.value_nick == ExtensionHost.State.to_string(state) == "running"
    assert ExtensionHost.State.get_label(state) != ""
    assert ExtensionHost.Reason.to_string(ExtensionHost.Reason.TREE_GONE) == "tree-gone"
    for error, nick in ((ExtensionHost.Error.NOT_FOUND, "not-found"),
                        (ExtensionHost.RpcError.INVALID_PARAMS, "invalid-params")):
        assert error.value_nick == nick
    assert ExtensionHost.RpcError.METHOD_NOT_FOUND == -32601
    assert ExtensionHost.NO_TIMEOUT == 2 ** 32 - 1


@tap.case("methods for hosts and notifications from them; callbacks are freed with the host")
def test_methods():
    class Answers:
        def on_sum(self, process, invocation):
            assert process.get_id() == "guest" and not invocation.get_cancellable().is_cancelled()
            assert json.loads(invocation.get_params_bytes().get_data()) == {"n": 1}
            number = invocation.get_params().get_object().get_int_member("n")
            invocation.return_value(Json.from_string(json.dumps([number, None])))

        def on_refuse(self, _process, invocation):
            invocation.return_gerror(GLib.Error.new_literal(ExtensionHost.rpc_error_quark(), "no", -9))

    answers = Answers()
    alive = weakref.ref(answers)
    host = running_host()
    told, lines = [], []
    host.add_method("sum", None, answers.on_sum)
    host.add_method("refuse", None, answers.on_refuse)
    host.connect("notification::progress",
                 lambda _host, method, params: told.append((method, Json.to_string(params, False))))
    host.connect("log", lambda _host, stream, line: lines.append((stream.value_nick, line)))
    del answers
    for method in ("sum", "refuse"):
        host.call_bytes("ask", text([method]), 0, None)
    wait_until(lambda: len([line for _stream, line in lines if line.startswith("answer ")]) == 2)
    said = [json.loads(line.removeprefix("answer ")) for _stream, line in lines if line.startswith("answer ")]
    assert said[0]["result"] == [1, None] and said[1]["error"] == {"code": -9, "message": "no"}, said
    assert {stream for stream, _line in lines} == {"stderr"}
    host.call_bytes("notify", text(["progress"]), 0, None)
    wait_until(lambda: told)
    assert told == [("progress", '{"n":1}')]
    gc.collect()
    assert alive() is not None
    host.stop(None)
    gone = []
    host.weak_ref(lambda: gone.append(True))
    del host
    gc.collect()
    while GLib.MainContext.default().iteration(False):
        pass
    assert gone and alive() is None


@tap.case("lists and answers are freed, however often they are asked for")
def test_ownership():
    line = "x" * 1000
    host = running_host(log_lines=1000)
    lines = []
    host.connect("log", lambda _host, _stream, text_: lines.append(len(text_)))
    for _round in range(50):
        host.restart(None)
    assert len(host.dup_history()) == 100
    big = text([line] * 256)
    tree = Json.from_string(json.dumps([line] * 256))
    expect_no_growth("call_bytes", lambda: host.call_bytes("echo", big, 0, None).get_size())
    expect_no_growth("call", lambda: host.call("echo", tree, 0, None).get_array().get_length())
    expect_no_growth("dup_history", lambda: [host.dup_history() for _round in range(40)])
    expect_no_growth("describe", lambda: [host.describe() for _round in range(40)])
    host.stop(None)
    host = ExtensionHost.Process.new(ExtensionHost.Spec(
        id="wordy", argv=["sh", "-c", f"i=0; while [ $i -lt 400 ]; do echo {line}; i=$((i + 1)); done >&2"],
        protocol=ExtensionHost.Protocol.NONE, log_lines=400, restart=ExtensionHost.RestartPolicy.NEVER))
    host.start()
    end = host.wait(None)
    assert host.dup_log(400).n_children() == 400
    expect_no_growth("dup_log", lambda: host.dup_log(400).n_children())
    expect_no_growth("get_log", end.get_log)


tap.run()
