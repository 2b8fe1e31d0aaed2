#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library through introspection: what C annotations promise, Python must be able to rely on.

The typelib and the library are found by GI_TYPELIB_PATH and LD_LIBRARY_PATH. Runs with the Python
of the system, which is the one that has PyGObject.
"""

import gc
import pathlib
import signal
import os
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import tap  # pylint: disable=wrong-import-position

try:
    import gi
    gi.require_version("ExtensionHost", "1.0")
    gi.require_version("Json", "1.0")
    from gi.repository import ExtensionHost, Gio, GLib, GObject, Json
except (ImportError, ValueError) as error:
    print("TAP version 13")
    print(f"1..0 # SKIP no PyGObject or no typelib: {error}")
    sys.exit(0)


def new_spec(*argv, **properties):
    spec = ExtensionHost.Spec.new("guest", list(argv))
    spec.props.protocol = ExtensionHost.Protocol.NONE
    for name, value in properties.items():
        spec.set_property(name.replace("_", "-"), value)
    return spec


def run(begin):
    """Runs a main loop around an asynchronous call; returns what its finish function is given."""
    loop = GLib.MainLoop()
    answers = []

    def on_done(source, result):
        answers.append((source, result))
        loop.quit()

    begin(on_done)
    loop.run()
    assert len(answers) == 1
    return answers[0]


@tap.case("a host is started, watched and stopped")
def _():
    process = ExtensionHost.Process.new(new_spec("cat"))
    seen = []

    def on_state_changed(source, transition):
        assert source.props.state == transition.get_new()
        seen.append((transition.get_old().value_nick, transition.get_new().value_nick,
                     transition.get_reason().value_nick, transition.get_requester()))

    process.connect("state-changed", on_state_changed)
    source, result = run(lambda done: process.start_async(None, done))
    assert source.start_finish(result)
    assert process.props.pid > 0
    source, result = run(lambda done: process.stop_async(None, done))
    outcome = source.stop_finish(result)
    assert outcome.get_exited() and not outcome.get_forced()
    assert outcome.get_rung() == ExtensionHost.StopRung.EOF
    assert outcome.get_exit().get_code() == 0
    assert [s[1] for s in seen] == ["starting", "running", "stopping", "stopped"]
    assert [s[3] for s in seen] == ["application", None, "application", None]


@tap.case("the history may be read and dropped as often as one likes")
def _():
    process = ExtensionHost.Process.new(new_spec("true", restart=ExtensionHost.RestartPolicy.NEVER))
    process.start()
    assert process.wait(None).get_kind() == ExtensionHost.ExitKind.EXITED
    texts = None
    for _round in range(20):
        history = process.dup_history()
        now = [transition.to_string() for transition in history]
        assert texts in (None, now)
        texts = now
        del history
        gc.collect()
    assert len(texts) == 3


@tap.case("records outlive the host that they tell of")
def _():
    process = ExtensionHost.Process.new(new_spec("sh", "-c", "echo last words >&2; exit 7",
                                                 restart=ExtensionHost.RestartPolicy.NEVER))
    process.start()
    end = process.wait(None)
    log = process.dup_log(10)
    history = process.dup_history()
    del process
    gc.collect()
    assert end.get_code() == 7
    assert end.get_log() == ["last words"]
    assert end.get_suspects() == []
    assert "7" in end.to_string()
    assert [line[1:] for line in log.unpack()] == [("stderr", "last words")]
    assert history[-1].get_new() == ExtensionHost.State.CRASHED


@tap.case("errors carry their domain and code")
def _():
    process = ExtensionHost.Process.new(new_spec("/nonexistent/program"))
    source, result = run(lambda done: process.start_async(None, done))
    try:
        source.start_finish(result)
        assert False, "it started"
    except GLib.Error as error:
        assert error.matches(ExtensionHost.error_quark(), ExtensionHost.Error.NOT_FOUND)
        assert "/nonexistent/program" in error.message
    try:
        ExtensionHost.Process.new(ExtensionHost.Spec.new("x", [])).start()
        assert False, "it started"
    except GLib.Error as error:
        assert error.matches(ExtensionHost.error_quark(), ExtensionHost.Error.INVALID_SPEC)


@tap.case("a manager is a list model with detailed signals")
def _():
    manager = ExtensionHost.Manager.new()
    other = new_spec("cat")
    process = manager.add(other)
    changes, lines, crashes = [], [], []
    manager.connect("state-changed::guest", lambda *args: changes.append(args[2].get_new()))
    manager.connect("log::guest", lambda *args: lines.append(args[3]))
    manager.connect("crashed::guest", lambda *args: crashes.append(args[2].get_signal()))
    assert len(manager) == 1 and manager[0] is process
    assert isinstance(manager, Gio.ListModel)
    assert manager.lookup("guest") is process and manager.lookup("nobody") is None

    manager.start_all()
    process.wait_ready(None)
    other.props.restart = ExtensionHost.RestartPolicy.NEVER
    os.kill(process.props.pid, signal.SIGKILL)
    process.wait(None)
    assert crashes == [signal.SIGKILL]
    assert changes[-1] == ExtensionHost.State.CRASHED
    source, result = run(lambda done: manager.remove_async("guest", None, done))
    assert source.remove_finish(result)
    assert len(manager) == 0


@tap.case("every property can be read")
def _():
    process = ExtensionHost.Process.new(new_spec("cat"))
    process.start()
    process.wait_ready(None)
    process.stop(None)
    for pspec in process.list_properties():
        getter = getattr(process, "get_" + pspec.name.replace("-", "_"))
        value = process.get_property(pspec.name)
        assert pspec.name in ("restart-budget", "last-exit") or value == getter(), pspec.name
    assert process.props.restart_budget.unpack() == (3, 0, 300)
    assert process.describe().unpack()["state"] == "stopped"


@tap.case("records of what is to come are introspected whole")
def _():
    nicks = {kind: [value.value_nick for _number, value in sorted(kind.__enum_values__.items())]
             for kind in (ExtensionHost.Verdict, ExtensionHost.Strategy)}
    assert nicks[ExtensionHost.Verdict] == \
        ["none", "running", "sleeping", "stopped", "uninterruptible", "blocked"]
    assert nicks[ExtensionHost.Strategy] == ["one-for-one", "one-for-all", "rest-for-one"]
    for record, methods in (
            (ExtensionHost.Health,
             "get_sequence get_generation get_time get_ok get_latency get_failures get_rss "
             "get_cpu_percent get_processes get_pending_calls get_queued_bytes get_verdict to_string"),
            (ExtensionHost.ShutdownReport,
             "get_clean get_duration get_n_hosts get_id get_outcome")):
        missing = [name for name in methods.split() if not hasattr(record, name)]
        assert not missing, f"{record.__name__}: {missing}"
        assert record.__gtype__.is_a(GObject.TYPE_BOXED)


@tap.case("extensions are a list, are called, and are named when they take their host down")
def _():
    spec = ExtensionHost.Spec.new("guest", [os.environ["RPC_HOST"], "--live-for=120"])
    spec.props.restart = ExtensionHost.RestartPolicy.NEVER
    spec.props.health_interval = 0
    process = ExtensionHost.Process.new(spec)
    extensions = process.props.extensions
    assert isinstance(extensions, Gio.ListModel) and extensions is process.get_extensions()
    changes, states = [], []
    extensions.connect("items-changed", lambda *args: changes.append(args[1:]))
    first = process.add_extension("first", "/x/ok")
    first.connect("notify::state", lambda source, _: states.append(source.props.state.value_nick))
    failing = process.add_extension("failing", "/x/fail")
    process.add_extension("last", "/x/ok")
    assert changes == [(0, 0, 1), (1, 0, 1), (2, 0, 1)]
    assert [extension.props.id for extension in extensions] == ["first", "failing", "last"]
    assert extensions[0] is first and first in list(extensions)
    try:
        process.add_extension("first", "/x/ok")
        assert False, "there are two of the same id"
    except GLib.Error as error:
        assert error.matches(ExtensionHost.error_quark(), ExtensionHost.Error.EXISTS)

    process.start()
    process.wait_ready(None)
    context = GLib.MainContext.default()
    while extensions[2].props.state != ExtensionHost.ExtensionState.ACTIVE:
        context.iteration(True)
    assert failing.props.error.message == "cannot find its soul" and failing.props.error.code == -32050
    assert first.props.error is None and first.props.activations == 1

    arguments = Json.from_string('{"words":["a","b"]}')
    source, result = run(lambda done: first.call_async("echo", arguments, 0, None, done))
    assert source is first
    answer = source.call_finish(result)
    assert Json.to_string(answer, False) == \
        '{"id":"first","command":"echo","arguments":{"words":["a","b"]}}'

    source, result = run(lambda done: first.call_async("fail", None, 0, None, done))
    try:
        source.call_finish(result)
        assert False, "it succeeded"
    except GLib.Error as error:
        assert error.code == -7 and error.message == "no such luck"
    failure = process.get_call_failure(result)
    assert failure.get_code() == -7 and Json.to_string(failure.get_data(), False) == '{"why":[1]}'

    source, result = run(lambda done: first.call_async("crash", None, 0, None, done))
    try:
        source.call_finish(result)
        assert False, "it succeeded"
    except GLib.Error as error:
        assert error.matches(ExtensionHost.error_quark(), ExtensionHost.Error.HOST_EXITED)
    end = process.wait(None)
    assert end.get_suspects() == ["first"]
    assert states == ["activating", "active", "lost"]
    assert [row[1] for row in process.describe().unpack()["extensions"]] == ["lost", "failed", "lost"]
    del process
    gc.collect()
    source, result = run(lambda done: first.call_async("echo", None, 0, None, done))
    try:
        source.call_finish(result)
        assert False, "it succeeded"
    except GLib.Error as error:
        assert error.matches(ExtensionHost.error_quark(), ExtensionHost.Error.CLOSED)


@tap.case("whoever drops a running host leaves nothing")
def _():
    process = ExtensionHost.Process.new(new_spec("sleep", "300"))
    process.start()
    process.wait_ready(None)
    pid = process.props.pid
    del process
    gc.collect()
    context = GLib.MainContext.default()
    for _round in range(1000):
        context.iteration(False)
        if not os.path.exists(f"/proc/{pid}"):
            return
        GLib.usleep(10000)
    assert False, f"process {pid} is still there"


tap.run()
