# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host that somebody else wrote, run by the library through introspection.

The typelib and the library are found by GI_TYPELIB_PATH and LD_LIBRARY_PATH. Runs with the Python
of the system, which is the one that has PyGObject.
"""

import json
import os
import signal
import sys
import uuid

try:
    import gi
    gi.require_version("ExtensionHost", "1.0")
    gi.require_version("Json", "1.0")
    from gi.repository import ExtensionHost, Gio, GLib, Json
except (ImportError, ValueError) as error:
    print("TAP version 13")
    print(f"1..0 # SKIP no PyGObject or no typelib: {error}")
    sys.exit(0)

DEADLINE = 30
MARK = "EXTENSION_HOST_PEER"


def wait_until(condition, what):
    """Runs the main loop until then."""
    context = GLib.MainContext.default()
    expired = []
    source = GLib.timeout_add_seconds(DEADLINE, lambda: expired.append(True) or True)
    try:
        while not condition():
            assert not expired, f"gave up waiting until {what}"
            context.iteration(True)
    finally:
        GLib.source_remove(source)


def run_for(seconds):
    """For what has no end that could be waited for."""
    expired = []
    GLib.timeout_add_seconds(seconds, lambda: expired.append(True))
    while not expired:
        GLib.MainContext.default().iteration(True)


def to_node(value):
    return None if value is None else Json.from_string(json.dumps(value))


def from_node(node):
    return None if node is None else json.loads(Json.to_string(node, False))


def read_environ(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


def find_children():
    """Of this process: the shims, even if nobody may look into them."""
    found = []
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/children", encoding="ascii") as file:
            found += map(int, file.read().split())
    return found


class Call:
    """A call that is not waited for."""

    def __init__(self, process, method, params):
        self.result = self.error = self.failure = None
        self.done = False
        self._cancellable = Gio.Cancellable()
        process.call_async(method, to_node(params), 0, self._cancellable, self._on_done)

    def _on_done(self, process, result):
        try:
            self.result = from_node(process.call_finish(result))
        except GLib.Error as error:
            self.error = error
            self.failure = process.get_call_failure(result)
        self.done = True

    def cancel(self):
        self._cancellable.cancel()
        wait_until(lambda: self.done, "the call is cancelled")
        assert self.error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), self.error


class Peer:
    """One host. On leaving, none of the processes that it ever had may be left."""

    def __init__(self, argv, protocol, environment=(), **properties):
        self.mark = f"{MARK}={uuid.uuid4().hex}"
        self.spec = ExtensionHost.Spec.new("peer", argv)
        self.spec.props.protocol = protocol
        self.spec.props.environment = [self.mark, *environment]
        for name, value in properties.items():
            self.spec.set_property(name.replace("_", "-"), value)
        self.process = ExtensionHost.Process.new(self.spec)
        self.ticks = []
        self.lines = []
        self.transitions = []
        self.notifications = []
        self.process.connect("health-checked", lambda _process, health: self.ticks.append(health))
        self.process.connect("log", lambda _process, _stream, line: self.lines.append(line))
        self.process.connect("state-changed", self._on_state_changed)
        self.process.connect("notification", self._on_notification)

    def _on_state_changed(self, _process, transition):
        self.transitions.append((transition.get_new().value_nick,
                                 transition.get_reason().value_nick))

    def _on_notification(self, _process, method, params):
        self.notifications.append((method, from_node(params)))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.props.state not in (ExtensionHost.State.STOPPED, ExtensionHost.State.CRASHED):
            self.kill()
        left = self.find_processes()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        if kind is None:
            assert not left, f"{len(left)} processes were left running"
            assert not find_children(), "a child of ours was left running"
        else:
            print(f"# {self.transitions}", *(f"#   {line}" for line in self.lines[-20:]),
                  sep="\n", file=sys.stderr, flush=True)

    def find_processes(self):
        """The program and whatever it has started, without the shim, which is our child."""
        wanted = self.mark.encode()
        marked = {int(entry) for entry in os.listdir("/proc")
                  if entry.isdigit() and wanted in read_environ(entry)}
        return marked.difference(find_children())

    def start(self):
        """Until it can be talked to."""
        self.process.start()
        assert self.process.wait_ready(None)
        assert self.is_ready()

    def is_ready(self):
        return self.process.props.state == ExtensionHost.State.RUNNING and \
            self.process.props.readiness == ExtensionHost.Readiness.READY

    def call(self, method, params=None):
        return from_node(self.process.call(method, to_node(params), 0, None))

    def call_later(self, method, params=None):
        return Call(self.process, method, params)

    def notify(self, method, params):
        assert self.process.send_notification(method, to_node(params))

    def stop(self):
        outcome = self.process.stop(None)
        assert not self.find_processes(), f"{len(self.find_processes())} are left after a stop"
        return outcome

    def kill(self):
        done = []
        self.process.kill_async(None, lambda process, result: done.append(process.kill_finish(result)))
        wait_until(lambda: done, "it is killed")

    def freeze(self):
        """Whatever it is sent from now on, it does not answer."""
        for pid in self.find_processes():
            os.kill(pid, signal.SIGSTOP)

    def crash(self, method, params=None):
        """Kills it, as a crash would, with a call in flight, and waits until it is back."""
        process = self.process
        generation = process.props.generation
        before = self.find_processes()
        self.freeze()
        call = self.call_later(method, params)
        wait_until(lambda: process.props.queued_bytes == 0 and process.props.pending_calls >= 1,
                   "the call has left")
        os.kill(process.props.pid, signal.SIGKILL)
        wait_until(lambda: call.done, "the call has failed")
        assert call.error is not None, f"the call was answered: {call.result}"
        assert call.error.matches(ExtensionHost.error_quark(), ExtensionHost.Error.HOST_EXITED), \
            call.error.message
        assert call.failure.get_written()
        assert call.failure.get_generation() == generation
        assert call.failure.get_exit().get_signal() == signal.SIGKILL

        wait_until(lambda: process.props.state == ExtensionHost.State.RESTARTING, "its tree is gone")
        assert not before & self.find_processes(), "something of before is left"
        wait_until(lambda: process.props.generation == generation + 1 and self.is_ready(),
                   "it is back")
        assert ("unhealthy", "signalled") in self.transitions
        assert process.props.restart_count == 1

    def assert_well(self, seconds):
        """After that long with two ticks a second and nothing but probes to answer. The first tick
        is left out: what came before it was no probe."""
        ticks = self.ticks[1:]
        latencies = sorted(tick.get_latency() for tick in ticks)
        shown = f"{len(ticks)} ticks, latencies {latencies} µs"
        # A tick that is late takes the place of the next.
        assert len(ticks) >= seconds, shown
        assert all(tick.get_ok() and tick.get_failures() == 0 for tick in ticks), shown
        assert all(0 <= latency < 1000000 for latency in latencies), shown
        assert latencies[len(latencies) // 2] < 50000, shown
        assert all(tick.get_rss() > 1000000 and tick.get_processes() > 0 for tick in ticks), shown
        assert self.transitions == [("starting", "start"), ("running", "spawned")], self.transitions
