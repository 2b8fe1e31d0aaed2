#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the guides in docs/ show is true: their code compiles, their files are right, their sessions run.

EXTENSION_HOST_BUILD_ROOT is the build folder. Without CC the compiler is cc.
"""

import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import tap  # pylint: disable=wrong-import-position
from guides import all_blocks, blocks, c_program, DOCS, pages, vala_program  # pylint: disable=wrong-import-position

BUILD = os.environ.get("EXTENSION_HOST_BUILD_ROOT", "")
LANGUAGES = {"", "c", "ini", "js", "json", "meson", "python", "sh", "vala", "xml"}
ORDERS = {None, "file", "meanwhile", "needs", "not run"}
DEADLINE = 60
BINDINGS = "import gi; gi.require_version('ExtensionHost', '1.0')"

# Times, process ids and measurements differ each time, and with them the width of columns.
VARIES = (re.compile(r"\d\d:\d\d:\d\d\.\d+"), re.compile(r"(?<=pid )\d+"),
          re.compile(r"\b\d+ ms\b(?=\)$)", re.MULTILINE))


def environment(**more):
    library = pathlib.Path(BUILD) / "src" / "extension-host"
    paths = [str(pathlib.Path(BUILD) / "src" / "tool"), os.environ["PATH"]]
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    return {**kept, "PATH": ":".join(paths), "LC_ALL": "C.UTF-8",
            "LD_LIBRARY_PATH": str(library), "GI_TYPELIB_PATH": str(library),
            "PKG_CONFIG_PATH": str(pathlib.Path(BUILD) / "meson-uninstalled"),
            "EXTENSION_HOST_RUNTIME_DIR": str(ROOT / "data" / "hosts"), **more}


def run(command, **options):
    return subprocess.run(command, check=False, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=DEADLINE, **{"env": environment(), "stdin": subprocess.DEVNULL, **options})


class Workshop:
    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="extension-host-guides-"))
        return self.folder

    def __exit__(self, kind, value, trace):
        shutil.rmtree(self.folder)


def check_each(found, check):
    """Every block is looked at, so that one run tells all that is wrong."""
    assert found, "there are no such blocks: this test looks elsewhere"
    wrong = [f"{block.where}:\n{output}" for block in found for output in [check(block)] if output]
    assert not wrong, "\n\n".join(wrong)


def output_of_failure(done):
    return f"status {done.returncode}\n{done.stdout}" if done.returncode != 0 else ""


@tap.case("every block is in a language that is tested here, and what is said of it is known")
def test_languages():
    found = [block for page in pages() for block in blocks(page)]
    wrong = [block.where for block in found if block.language not in LANGUAGES or block.order not in ORDERS]
    assert len(found) > 20 and not wrong, "\n".join(wrong)
    fences = sum(len(re.findall(r"^```", page.read_text(encoding="utf-8"), re.MULTILINE)) for page in pages())
    assert fences == 2 * len(found), "a block is not found"


@tap.case("C compiles")
def test_c():
    if not shutil.which("pkg-config"):
        raise tap.Skip("there is no pkg-config in PATH")
    with Workshop() as folder:
        def compile_block(block):
            wanted = ["extension-host-1", "gio-unix-2.0"]
            if "jsonrpc-glib.h" in block.text:
                wanted.append("jsonrpc-glib-1.0")
            flags = run(["pkg-config", "--cflags", *wanted])
            if flags.returncode != 0 and len(wanted) > 2:
                return ""   # the other library is not there
            assert flags.returncode == 0, flags.stdout
            source = folder / "snippet.c"
            whole = "int\nmain (" in block.text
            source.write_text(block.text if whole else c_program(block), encoding="utf-8")
            return output_of_failure(run([*shlex.split(os.environ.get("CC", "cc")), "-std=gnu11", "-fsyntax-only",
                                          "-Wall", "-Werror", "-Wno-unused", *shlex.split(flags.stdout),
                                          str(source)]))
        check_each(all_blocks("c"), compile_block)


@tap.case("Python compiles")
def test_python():
    def compile_block(block):
        try:
            compile(block.text, block.where, "exec")
        except SyntaxError as error:
            return str(error)
        return ""
    check_each(all_blocks("python"), compile_block)


@tap.case("JavaScript compiles")
def test_javascript():
    if not shutil.which("node"):
        raise tap.Skip("there is no node in PATH")
    with Workshop() as folder:
        def compile_block(block):
            (folder / "snippet.mjs").write_text(block.text, encoding="utf-8")
            return output_of_failure(run(["node", "--check", str(folder / "snippet.mjs")]))
        check_each(all_blocks("js"), compile_block)


@tap.case("Vala compiles")
def test_vala():
    vapi = pathlib.Path(BUILD) / "src" / "extension-host" / "extension-host-1.vapi"
    if not shutil.which("valac") or not vapi.exists():
        raise tap.Skip("there is no valac, or no bindings for it")
    with Workshop() as folder:
        def compile_block(block):
            (folder / "snippet.vala").write_text(vala_program(block), encoding="utf-8")
            return output_of_failure(run(["valac", "--ccode", f"--directory={folder}", f"--vapidir={vapi.parent}",
                                          "--pkg=extension-host-1", "--pkg=json-glib-1.0",
                                          str(folder / "snippet.vala")]))
        check_each(all_blocks("vala"), compile_block)


def need_tool():
    if not (pathlib.Path(BUILD) / "src" / "tool" / "extension-host").exists():
        raise tap.Skip("built without the command")


@tap.case("spec files are right")
def test_spec_files():
    need_tool()
    with Workshop() as folder:
        def check_block(block):
            (folder / "snippet.exthost").write_text(block.text, encoding="utf-8")
            return output_of_failure(run(["extension-host", "check", str(folder / "snippet.exthost")]))
        check_each(all_blocks("ini"), check_block)


@tap.case("XML is well-formed")
def test_xml():
    def parse_block(block):
        try:
            xml.etree.ElementTree.fromstring(block.text)
        except xml.etree.ElementTree.ParseError as error:
            return str(error)
        return ""
    check_each(all_blocks("xml"), parse_block)


@tap.case("shell commands parse")
def test_shell():
    check_each(all_blocks("sh"), lambda block: output_of_failure(run(["sh", "-n", "-c", block.text])))


def outline(output):
    for pattern in VARIES:
        output = pattern.sub("…", output)
    return [re.sub(r" +", " ", line).rstrip() for line in output.strip().splitlines()]


class Bus:
    """A session bus, and commands that go on while others are run"""

    def __init__(self, folder):
        self.folder = folder
        self.running = []
        self.environment = environment()
        self.daemon = None

    def __enter__(self):
        if shutil.which("dbus-daemon"):
            self.daemon = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address=1"],
                                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
            self.environment["DBUS_SESSION_BUS_ADDRESS"] = self.daemon.stdout.readline().strip()
        return self

    def __exit__(self, kind, value, trace):
        for process in self.running:
            process.send_signal(signal.SIGINT)
        for process in [*self.running, *filter(None, [self.daemon])]:
            if process is self.daemon:
                process.terminate()
            process.wait(DEADLINE)

    def run(self, command):
        return run(["bash", "-c", command], cwd=self.folder, env=self.environment).stdout

    def start(self, command, host):
        """Returns when the host is seen."""
        self.running.append(subprocess.Popen(shlex.split(command), cwd=self.folder, env=self.environment,
                                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                             stderr=subprocess.DEVNULL))
        while not re.search(rf"^{host} +running", self.run("extension-host list"), re.MULTILINE):
            assert self.running[-1].poll() is None, f"{command} has ended"


def do_block(bus, block):
    """What a reader of the guide does; what is other than it says is returned."""
    if block.order == "file":
        (bus.folder / block.argument).write_text(block.text, encoding="utf-8")
    if block.order == "needs" and run(["/usr/bin/python3", "-c", BINDINGS]).returncode != 0:
        return ""
    for command, expected in block.commands():
        if block.order == "meanwhile":
            if bus.daemon is None:
                raise tap.Skip("there is no dbus-daemon in PATH")
            bus.start(command, block.argument)
            continue
        found = bus.run(command)
        if outline(found) != outline(expected):
            return f"$ {command}\n{found}\ninstead of\n{expected}"
    return ""


def is_sanitized():
    library = pathlib.Path(BUILD) / "src" / "extension-host" / "libextension-host-1.so.0"
    return b"__asan_init" in library.read_bytes() or b"__ubsan" in library.read_bytes()


def follow(page):
    need_tool()
    if is_sanitized():
        raise tap.Skip("a sanitized library needs a sanitized program")
    with Workshop() as folder, Bus(folder) as bus:
        check_each(blocks(DOCS / page), lambda block: do_block(bus, block))


@tap.case("who follows the first guide sees what it shows")
def test_first_host():
    follow("first-host.md")


@tap.case("who tries the first extension sees what is shown")
def test_first_extension():
    follow("extensions.md")


if not BUILD:
    print("1..0 # SKIP EXTENSION_HOST_BUILD_ROOT is not set")
    sys.exit(0)
tap.run()
