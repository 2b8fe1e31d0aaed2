# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured: the clients, the peers that are left out, and the jobs of one round."""

import dataclasses
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests" / "peers"))

import npm

SIZES = [50, 1024, 64 * 1024, 1024 * 1024]
IN_FLIGHT = {50: 1024, 1024: 1024, 64 * 1024: 64, 1024 * 1024: 8}
IDLE_HOSTS = [1, 100, 1000]
PENDING = 1000
PACKAGES = {"vscode-jsonrpc": "10.0.0", "@modelcontextprotocol/sdk": "1.32.2"}

LIMIT = "limit"
BYTES = "library-bytes"
NODE_API = "library-json"
JSON_GLIB = "json-glib"


@dataclasses.dataclass(frozen=True)
class Client:
    """One way to talk to the echo host. Its name is the one that it reports with."""
    name: str
    label: str
    program: str
    api: str = ""
    host: str = "echo-host"
    package: str = ""        # of npm


CLIENTS = [
    Client(LIMIT, "raw C: poll, read, write (the limit)", "client-limit"),
    Client(BYTES, "this library, bytes", "client-library", "bytes"),
    Client(NODE_API, "this library, JsonNode", "client-library", "json"),
    Client("glib", "GSubprocess + GDataInputStream + json-glib", "client-glib"),
    Client("jsonrpc-glib", "jsonrpc-glib", "client-jsonrpc-glib"),
    Client("vscode-jsonrpc", "vscode-jsonrpc", "client-node.mjs", "vscode-jsonrpc",
           package="vscode-jsonrpc"),
    Client("node-ipc", "Node child_process.fork() IPC", "client-node.mjs", "node-ipc"),
    Client("mcp-sdk", "MCP TypeScript SDK, stdio client", "client-node.mjs", "mcp-sdk",
           package="@modelcontextprotocol/sdk"),
    Client("gdbus", "GDBus peer to peer, an opaque string", "client-gdbus", "string", "echo-dbus"),
    Client("gdbus-json", "GDBus peer to peer, parsed by json-glib", "client-gdbus", "json",
           "echo-dbus"),
]
PEERS = [client.name for client in CLIENTS[3:]]
GLIB_PEERS = ["glib", "jsonrpc-glib", "gdbus-json"]   # that end with a tree, as the JsonNode API does
NODE_PEERS = ["vscode-jsonrpc", "node-ipc", "mcp-sdk"]
JSON_PEERS = [name for name in PEERS if name != "gdbus"]
# Alone, without a host: for the share that it has in the JsonNode API
ALONE = Client(JSON_GLIB, "json-glib alone: write it and parse it", "client-library", "json-glib")


class LeftOut(Exception):
    """A client that cannot be had here; the text says why."""


@functools.cache
def install_packages(folder):
    """What went wrong, or None. Asked once."""
    npm.FOLDER = pathlib.Path(folder)
    npm.VERSIONS = PACKAGES
    try:
        npm.install()
    except npm.Unavailable as reason:
        return str(reason)
    return None


@functools.cache
def node():
    return shutil.which("node")


@dataclasses.dataclass(frozen=True)
class Job:
    """One run of one client."""
    group: str               # as --only names it
    client: Client
    size: int
    in_flight: int = 1
    idle_hosts: int = 0
    pending: int = 0

    def command(self, build, packages):
        if self.client.program.endswith(".mjs"):
            if not node():
                raise LeftOut("there is no node")
            problem = install_packages(packages) if self.client.package else None
            if problem:
                raise LeftOut(problem)
            words = [node(), HERE / self.client.program, f"--npm={packages}"]
        else:
            words = [build / self.client.program]
            if not words[0].exists():
                raise LeftOut("it was not built: what it needs was not there")

        words += [f"--host={build / self.client.host}", f"--size={self.size}",
                  f"--in-flight={self.in_flight}"]
        words += [f"--api={self.client.api}"] if self.client.api else []
        words += [f"--idle-hosts={self.idle_hosts}"] if self.idle_hosts else []
        words += [f"--pending={self.pending}"] if self.pending else []

        return [str(word) for word in words]

    def describe(self):
        beside = f", {self.idle_hosts} idle hosts" if self.idle_hosts else ""
        beside += f", {self.pending} pending" if self.pending else ""
        return f"{self.client.name}, {self.size} B, {self.in_flight} in flight{beside}"


def find(name):
    return next(client for client in CLIENTS if client.name == name)


def jobs(sizes, idle_hosts, clients):
    """Those that are compared follow one another, so that what disturbs one disturbs the others."""
    chosen = [client for client in CLIENTS if not clients or client.name in clients]

    for size in sizes:
        for client in chosen:
            yield Job("round-trip", client, size)
        if find(NODE_API) in chosen:
            yield Job("json-glib", ALONE, size)
    for size in sizes:
        for client in chosen:
            yield Job("throughput", client, size, in_flight=IN_FLIGHT[size])
    if find(BYTES) in chosen:
        for count in idle_hosts:
            yield Job("idle-hosts", find(BYTES), 50, idle_hosts=count)
        yield Job("idle-hosts", find(BYTES), 50, idle_hosts=1, pending=PENDING)


GROUPS = ["round-trip", "throughput", "json-glib", "idle-hosts", "supervision"]


def supervision_programs(build):
    """bench-…: each measures by itself what is not a message, and prints the same lines."""
    return sorted(path for path in build.glob("bench-*")
                  if path.is_file() and os.access(path, os.X_OK) and path.name != "bench-host")


def environment(build):
    top = build.parents[1]
    values = dict(os.environ, NODE_NO_WARNINGS="1")
    values.setdefault("EXTENSION_HOST_SHIM", str(top / "src" / "shim" / "extension-host-shim"))
    values.setdefault("FAKE_HOST", str(top / "tests" / "hosts" / "fake-host"))
    values.setdefault("RPC_HOST", str(top / "tests" / "hosts" / "rpc-host"))
    values.setdefault("BENCH_HOST", str(build / "bench-host"))
    # What tests set in order to find mistakes is no part of an application.
    for name in ("G_SLICE", "G_DEBUG", "G_MESSAGES_DEBUG", "NODE_CHANNEL_FD", "NODE_OPTIONS"):
        values.pop(name, None)

    return values


def run(command, env, deadline):
    """The lines that a program printed. Raises RuntimeError if it did not go well."""
    with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace") as process:
        try:
            output, errors = process.communicate(timeout=deadline)
        except subprocess.TimeoutExpired:
            process.kill()
            raise RuntimeError(f"not done after {deadline} s") from None

    records = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    records = [record for record in records if "measure" in record]
    if process.returncode != 0:
        why = errors.strip().splitlines()[-1:] or [f"exit status {process.returncode}"]
        raise RuntimeError(why[0])

    return records
