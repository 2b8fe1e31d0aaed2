#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""clangd, unmodified: a host with headers before its messages that insists on being asked to leave."""

import json
import os
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import peer   # leaves if there is nothing to test with
import tap

from peer import ExtensionHost, GLib

CLANGD = shutil.which("clangd")
SECONDS = int(os.environ.get("EXTENSION_HOST_PEERS_SECONDS", "5"))
ERROR = 1   # a DiagnosticSeverity

# The last function has a mistake. The comment is not ASCII, so that bytes are not characters.
TEXT = """/* Adds two numbers – “+” in C. */
int
add_numbers (int a,
             int b)
{
  return a + b;
}

int
main (void)
{
  return add_numbers (2, missing);
}
"""
CALL = TEXT.splitlines().index("  return add_numbers (2, missing);")


class Project:
    """A folder with one file of C."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.file = self.folder / "main.c"
        self.file.write_text(TEXT, encoding="utf-8")
        (self.folder / "compile_flags.txt").write_text("-std=c11\n", encoding="ascii")
        self.document = {"uri": self.file.as_uri()}

    def new_host(self, **properties):
        params = {"processId": os.getpid(), "rootUri": self.folder.as_uri(),
                  "capabilities": {"textDocument": {
                      "publishDiagnostics": {},
                      "hover": {"contentFormat": ["plaintext"]},
                      "documentSymbol": {"hierarchicalDocumentSymbolSupport": True}}}}
        properties.setdefault("handshake_params", json.dumps(params))
        return peer.Peer([CLANGD, "--background-index=false"], ExtensionHost.Protocol.LSP,
                         [f"XDG_CACHE_HOME={self.folder}/cache"],
                         working_directory=str(self.folder), **properties)

    def open(self, host):
        host.notify("textDocument/didOpen",
                    {"textDocument": {**self.document, "languageId": "c", "version": 1,
                                      "text": TEXT}})

    def hover(self, host):
        """What is known of the function where it is called."""
        answer = host.call("textDocument/hover",
                           {"textDocument": self.document,
                            "position": {"line": CALL, "character": 12}})
        return answer["contents"]["value"]


def case(name):
    def register(function):
        def run():
            if not CLANGD:
                raise tap.Skip("there is no clangd")
            with tempfile.TemporaryDirectory() as folder:
                function(Project(folder))
        tap.case(name)(run)
    return register


def assert_left_when_asked(outcome):
    assert outcome.get_acknowledged() and outcome.get_exited() and not outcome.get_forced()
    # Its input is closed behind “exit”.
    assert outcome.get_rung() == ExtensionHost.StopRung.EOF, outcome.get_rung()
    assert outcome.get_exit().get_code() == 0, outcome.get_exit().to_string()
    assert outcome.get_leftover() == 0


@case("the preset alone is enough for it to begin and to leave")
def _(project):
    with project.new_host(handshake_params=None) as host:
        host.start()
        assert_left_when_asked(host.stop())
        assert host.process.props.protocol_errors == 0


@case("it answers what an editor asks of a file")
def _(project):
    diagnostics = []
    with project.new_host() as host:
        host.process.connect("notification::textDocument/publishDiagnostics",
                             lambda _process, _method, params:
                             diagnostics.append(peer.from_node(params)))
        host.start()
        project.open(host)
        assert "add_numbers" in project.hover(host)
        assert "Adds two numbers – “+” in C." in project.hover(host)

        symbols = host.call("textDocument/documentSymbol", {"textDocument": project.document})
        assert [symbol["name"] for symbol in symbols] == ["add_numbers", "main"], symbols

        peer.wait_until(lambda: diagnostics, "it has told what is wrong with the file")
        assert diagnostics[0]["uri"] == project.document["uri"]
        mistake, = diagnostics[0]["diagnostics"]
        assert mistake["severity"] == ERROR and "missing" in mistake["message"], mistake
        assert mistake["range"]["start"]["line"] == CALL, mistake
        assert_left_when_asked(host.stop())
        assert host.process.props.protocol_errors == 0


@case("errors of its own come as such")
def _(project):
    with project.new_host() as host:
        host.start()
        try:
            host.call("no/such/method", {})
            assert False, "it was answered"
        except GLib.Error as error:
            assert error.domain == GLib.quark_to_string(ExtensionHost.rpc_error_quark()), error.domain
            assert error.code == -32601, error.code
        project.open(host)
        assert "add_numbers" in project.hover(host)
        assert_left_when_asked(host.stop())


@case(f"it is well while it is probed for {SECONDS} s")
def _(project):
    with project.new_host(health_interval=500) as host:
        host.start()
        peer.run_for(SECONDS)
        host.assert_well(SECONDS)
        assert_left_when_asked(host.stop())


@case("killed with a call in flight, it comes back by itself")
def _(project):
    with project.new_host() as host:
        host.start()
        project.open(host)
        host.crash("textDocument/documentSymbol", {"textDocument": project.document})
        # It remembers nothing: what was open is opened again.
        project.open(host)
        assert "add_numbers" in project.hover(host)
        assert_left_when_asked(host.stop())


tap.run()
