#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reference servers of MCP, unmodified and with the preset alone, run directly and through npx.

EXTENSION_HOST_PEERS names the folder they are installed into. EXTENSION_HOST_PEERS_SECONDS says how
long they are probed, instead of 10.
"""

import contextlib
import functools
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import npm
import peer   # leaves if there is nothing to test with
import tap

from peer import ExtensionHost, GLib

SECONDS = int(os.environ.get("EXTENSION_HOST_PEERS_SECONDS", "10"))

os.environ.pop("PYTHONUNBUFFERED", None)


def text_of(answer):
    """What a tool said."""
    assert not answer.get("isError"), answer
    return "".join(part.get("text", "") for part in answer["content"])


class Server:
    """One of the servers, as it is used."""

    name = ""
    tools = []
    request = ("tools/list", None)     # for a call that is not answered

    def __init__(self, folder):
        self.folder = folder

    def arguments(self):
        return []

    def environment(self):
        return []

    def begin(self, host):
        """Leaves something that is still there in the next generation."""

    def use(self, host):
        """Has a tool do something real."""
        raise NotImplementedError

    def new_host(self, wrapped, **properties):
        package = npm.FOLDER / "node_modules" / "@modelcontextprotocol" / f"server-{self.name}"
        command = ["npx", "--no-install", f"mcp-server-{self.name}"] if wrapped else \
            ["node", str(package / "dist" / "index.js")]
        return peer.Peer([*command, *self.arguments()], ExtensionHost.Protocol.MCP,
                         self.environment(), working_directory=str(npm.FOLDER), **properties)


def use_tool(host, tool, **arguments):
    return text_of(host.call("tools/call", {"name": tool, "arguments": arguments}))


class Everything(Server):
    name = "everything"
    tools = ["echo", "get-sum"]

    def use(self, host):
        said = "“one line”\nand\tanother"
        assert use_tool(host, "echo", message=said) == f"Echo: {said}"
        assert use_tool(host, "get-sum", a=2, b=40) == "The sum of 2 and 40 is 42."


class Filesystem(Server):
    name = "filesystem"
    tools = ["read_text_file", "write_file"]

    def arguments(self):
        return [self.folder]

    def begin(self, host):
        use_tool(host, "write_file", path=f"{self.folder}/written", content="naïve\n")

    def use(self, host):
        with open(f"{self.folder}/written", encoding="utf-8") as file:
            assert file.read() == "naïve\n"
        with open(f"{self.folder}/found", "w", encoding="utf-8") as file:
            file.write("already\nhere\n")
        assert use_tool(host, "read_text_file", path=f"{self.folder}/written") == "naïve\n"
        assert use_tool(host, "read_text_file", path=f"{self.folder}/found") == "already\nhere\n"
        refused = host.call("tools/call", {"name": "read_text_file",
                                           "arguments": {"path": f"{self.folder}/../outside"}})
        assert refused["isError"], refused


class Memory(Server):
    name = "memory"
    tools = ["create_entities", "read_graph"]
    entity = {"name": "Ada", "entityType": "person", "observations": ["wrote a program"]}

    def environment(self):
        return [f"MEMORY_FILE_PATH={self.folder}/memory.jsonl"]

    def begin(self, host):
        use_tool(host, "create_entities", entities=[self.entity])

    def use(self, host):
        graph = json.loads(use_tool(host, "read_graph"))
        assert graph == {"entities": [self.entity], "relations": []}, graph


SERVERS = [Everything, Filesystem, Memory]


@contextlib.contextmanager
def temporary_server(kind):
    with tempfile.TemporaryDirectory() as folder:
        yield kind(os.path.realpath(folder))


@functools.cache
def find_reason():
    """Why the servers cannot be had; None if they are there."""
    try:
        npm.install()
        return None
    except npm.Unavailable as error:
        return str(error)


def need_peers(wrapped):
    if find_reason():
        raise tap.Skip(find_reason())
    if wrapped and not shutil.which("npx"):
        raise tap.Skip("there is no npx")


def case(text, condition=lambda wrapped: True):
    """One case for each server and each way of running it."""
    def register(function):
        for wrapped in filter(condition, (False, True)):
            for kind in SERVERS:
                def run(kind=kind, wrapped=wrapped):
                    need_peers(wrapped)
                    with temporary_server(kind) as server:
                        function(server, wrapped)
                tap.case(f"{kind.name}{' through npx' if wrapped else ''}: {text}")(run)
    return register


@case("gets ready, lists its tools and uses one; EOF ends it")
def _(server, wrapped):
    with server.new_host(wrapped) as host:
        host.start()
        tools = [tool["name"] for tool in host.call("tools/list")["tools"]]
        assert set(server.tools) <= set(tools), tools
        server.begin(host)
        server.use(host)
        n_processes = len(host.find_processes())
        assert n_processes > 1 if wrapped else n_processes == 1, n_processes

        outcome = host.stop()
        assert outcome.get_exited() and not outcome.get_forced()
        assert outcome.get_rung() == ExtensionHost.StopRung.EOF, outcome.get_rung()
        assert not outcome.get_acknowledged()
        assert outcome.get_leftover() == 0
        assert outcome.get_exit().get_code() == 0, outcome.get_exit().to_string()
        assert host.process.props.protocol_errors == 0
        assert host.process.props.stale_events == 0


@case("killed with a call in flight, it comes back by itself")
def _(server, wrapped):
    with server.new_host(wrapped) as host:
        host.start()
        server.begin(host)
        host.crash(*server.request)
        server.use(host)
        assert host.stop().get_rung() == ExtensionHost.StopRung.EOF


@case("calls that have not left wait until it is back", lambda wrapped: not wrapped)
def _(server, wrapped):
    with server.new_host(wrapped) as host:
        host.start()
        server.begin(host)
        os.kill(host.process.props.pid, signal.SIGKILL)
        peer.wait_until(lambda: not host.is_ready(), "it is dead")
        server.use(host)
        assert host.process.props.generation == 2
        host.stop()


@case("killed by us, nothing is left")
def _(server, wrapped):
    with server.new_host(wrapped) as host:
        host.start()
        assert host.find_processes()
        host.kill()
        assert not host.find_processes()


@tap.case(f"all are well while they are probed for {SECONDS} s")
def _():
    need_peers(False)
    with contextlib.ExitStack() as stack:
        hosts = []
        for wrapped in (False, True) if shutil.which("npx") else (False,):
            for kind in SERVERS:
                server = stack.enter_context(temporary_server(kind))
                host = server.new_host(wrapped, health_interval=500)
                hosts.append(stack.enter_context(host))
                host.process.start()
        peer.wait_until(lambda: all(host.is_ready() for host in hosts), "all are ready")
        for host in hosts:
            host.ticks.clear()   # they had each other's start to bear
        peer.run_for(SECONDS)
        for host in hosts:
            host.assert_well(SECONDS)
        for host in hosts:
            assert not host.stop().get_forced()


# What a server asks of us

ABLE = json.dumps({"protocolVersion": "2025-11-25",
                   "capabilities": {"roots": {"listChanged": True}, "sampling": {}},
                   "clientInfo": {"name": "test", "version": "1"}})


def find_line(host, words):
    return any(words in line for line in host.lines)


@tap.case("everything: what it asks of us and nobody offers is refused")
def _():
    need_peers(False)
    with temporary_server(Everything) as server, \
            server.new_host(False, handshake_params=ABLE) as host:
        host.start()
        # It asks by itself, a moment after the handshake.
        peer.wait_until(lambda: find_line(host, "Failed to request roots"), "it has asked for roots")
        assert find_line(host, "-32601"), host.lines
        assert "no roots are currently configured" in use_tool(host, "get-roots-list")

        sample = {"name": "trigger-sampling-request", "arguments": {"prompt": "hello"}}
        answer = host.call("tools/call", sample)
        assert answer["isError"] and "-32601" in answer["content"][0]["text"], answer

        assert host.call("ping") == {}
        server.use(host)
        assert not host.stop().get_forced()


@tap.case("everything: what it asks of us is answered by the application")
def _():
    need_peers(False)
    asked = []

    def on_list(_process, invocation):
        roots = [{"uri": "file:///tmp/here", "name": "here"}]
        invocation.return_value(peer.to_node({"roots": roots}))

    def on_create_message(_process, invocation):
        params = peer.from_node(invocation.get_params())
        asked.append(params["messages"][0]["content"]["text"])
        # Not from within: a model takes its time.
        GLib.idle_add(lambda: invocation.return_value(peer.to_node({
            "role": "assistant", "model": "parrot",
            "content": {"type": "text", "text": "and hello to you"}})))

    with temporary_server(Everything) as server, \
            server.new_host(False, handshake_params=ABLE) as host:
        host.process.add_method("roots/list", None, on_list)
        host.process.add_method("sampling/createMessage", None, on_create_message)
        host.start()
        assert "file:///tmp/here" in use_tool(host, "get-roots-list")
        assert "and hello to you" in use_tool(host, "trigger-sampling-request", prompt="hello")
        assert len(asked) == 1 and asked[0].endswith("hello"), asked
        assert not host.stop().get_forced()


@tap.case("everything: a call that is cancelled is not answered any more")
def _():
    need_peers(False)
    with temporary_server(Everything) as server, server.new_host(False) as host:
        host.start()
        call = host.call_later("tools/call", {"name": "trigger-long-running-operation",
                                              "arguments": {"duration": 1, "steps": 2}})
        server.use(host)
        call.cancel()
        server.use(host)
        # The server drops what it was working on: no answer comes, not even a late one.
        peer.run_for(2)
        assert host.process.props.stale_events == 0
        assert not host.stop().get_forced()


tap.run()
