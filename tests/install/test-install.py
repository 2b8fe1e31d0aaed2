#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is installed is whole, is where it belongs, and is of use to somebody who has nothing but it.

EXTENSION_HOST_BUILT has what was built besides the library: gir, vapi, tool.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import tap  # pylint: disable=wrong-import-position
from installed import BUILD, ROOT, Installed, code_blocks, need, run  # pylint: disable=wrong-import-position

PYTHON_PROGRAM = """
import gi
gi.require_version("ExtensionHost", "1.0")
from gi.repository import ExtensionHost, GLib

loop = GLib.MainLoop()
spec = ExtensionHost.Spec.new("my-host", ["cat"])
spec.set_property("protocol", ExtensionHost.Protocol.NONE)
host = ExtensionHost.Process.new(spec)

def on_state_changed(host, transition):
    state = transition.get_new()
    print(ExtensionHost.state_to_string(state))
    if state == ExtensionHost.State.RUNNING:
        host.stop_async(None, None)
    elif state in (ExtensionHost.State.STOPPED, ExtensionHost.State.CRASHED):
        loop.quit()

host.connect("state-changed", on_state_changed)
host.start()
loop.run()
"""

VALA_PROGRAM = """
int main () {
  var spec = new ExtensionHost.Spec ("my-host", { "cat" });
  var host = new ExtensionHost.Process (spec);
  print ("%s\\n", host.state.to_string ());
  return 0;
}
"""

BUILT = os.environ.get("EXTENSION_HOST_BUILT", "").split()
STATES = ["starting", "running", "stopping", "stopped"]
SCRATCH = tempfile.TemporaryDirectory(prefix="extension-host-install-")
_trees = []


def scratch(name):
    return pathlib.Path(SCRATCH.name) / name


def tree():
    """One for all cases: none of them changes it."""
    if not _trees:
        _trees.append(Installed(scratch("tree")))
    return _trees[0]


def is_elf(path):
    return path.read_bytes()[:4] == b"\x7fELF"


@tap.case("everything is where others look for it")
def test_places():
    installed = tree()
    options = installed.options
    expected = ["share/dbus-1/interfaces/org.extensionhost.Host1.xml",
                "share/dbus-1/interfaces/org.extensionhost.Manager1.xml",
                "share/man/man5/extension-host.exthost.5",
                "include/extension-host-1/extension-host.h",
                f"{options['libdir']}/pkgconfig/extension-host-1.pc",
                f"{options['libexecdir']}/extension-host-shim",
                f"{options['libexecdir']}/extension-host/extension-host-node",
                f"{options['libexecdir']}/extension-host/extension-host-python"]
    if "tool" in BUILT:
        expected += ["bin/extension-host", "share/man/man1/extension-host.1",
                     "share/bash-completion/completions/extension-host"]
    if "gir" in BUILT:
        expected += ["share/gir-1.0/ExtensionHost-1.0.gir",
                     f"{options['libdir']}/girepository-1.0/ExtensionHost-1.0.typelib"]
    if "vapi" in BUILT:
        expected += ["share/vala/vapi/extension-host-1.vapi", "share/vala/vapi/extension-host-1.deps"]
    missing = [name for name in expected if not (installed.prefix / name).is_file()]
    assert not missing, missing

    unreadable = [path for path in installed.files() if not path.stat().st_mode & 0o004]
    assert not unreadable, unreadable
    scripts = [path for path in installed.files() if path.read_bytes()[:2] == b"#!"]
    plain = [path for path in scripts if not path.stat().st_mode & 0o001]
    assert scripts and not plain, f"{scripts}; not executable: {plain}"


@tap.case("nothing that is installed names the folders it was built in")
def test_build_paths():
    need("strip")
    if tree().options["b_coverage"]:
        raise tap.Skip("what counts lines names the folder in which it counts")
    found = []
    for path in tree().files():
        text = path.read_bytes()
        if is_elf(path):
            # Debuggers are told where the sources were, and packagers take that out.
            bare = scratch("bare")
            run(["strip", "--strip-debug", "-o", bare, path])
            text = bare.read_bytes()
        found += [f"{path}: {name}" for name in (BUILD, str(ROOT)) if name.encode() in text]
    assert not found, "\n".join(found)


@tap.case("the library has the name that programs ask for, and no path of libraries")
def test_soname():
    need("readelf")
    installed = tree()
    if installed.options["default_library"] == "static":
        raise tap.Skip("built as a static library")
    library = installed.libdir / "libextension-host-1.so"
    dynamic = run(["readelf", "-d", library])
    assert re.findall(r"\(SONAME\).*\[(.*)\]", dynamic) == ["libextension-host-1.so.0"], dynamic
    assert (installed.libdir / "libextension-host-1.so.0").resolve() == library.resolve()

    programs = [path for path in installed.files() if is_elf(path)]
    marked = [path for path in programs if re.search(r"\((RPATH|RUNPATH)\)", run(["readelf", "-d", path]))]
    assert programs and not marked, marked


@tap.case("the pkg-config file is valid, asks for no more than the headers need, and its paths exist")
def test_pkgconfig():
    installed = tree()
    run(["pkg-config", "--validate", "--print-errors", installed.pkgconfig], env=installed.environment())
    needed = {line.split()[0] for line in installed.pkg_config("--print-requires").splitlines()}
    assert needed == {"glib-2.0", "gobject-2.0", "gio-2.0", "json-glib-1.0"}, needed

    shown = set(re.findall(r"#include <(gio|glib-object|json-glib|glib)[/.]",
                           "".join(path.read_text() for path in installed.files() if path.suffix == ".h")))
    assert {"gio", "json-glib"} <= shown <= {"gio", "glib", "glib-object", "json-glib"}, shown

    for name in ("includedir", "libdir", "shim", "runtimedir"):
        value = installed.pkg_config(f"--variable={name}")
        assert value and pathlib.Path(value).exists(), f"{name}: “{value}”"
    prefix = installed.options["prefix"]
    absolute = [line for line in installed.pkgconfig_as_installed.splitlines()
                if prefix in line and not line.startswith("prefix=")]
    assert not absolute, f"not relative to the prefix: {absolute}"


@tap.case("what is not installed yet is found by pkg-config as well")
def test_uninstalled():
    environment = {**os.environ, "PKG_CONFIG_PATH": os.path.join(BUILD, "meson-uninstalled")}
    shim, runtimes = [pathlib.Path(run(["pkg-config", f"--variable={name}", "extension-host-1"], env=environment).strip())
                      for name in ("shim", "runtimedir")]
    assert os.access(shim, os.X_OK), shim
    for name in ("extension-host-node", "extension-host-python"):
        assert (runtimes / name).is_file(), runtimes / name


@tap.case("the headers compile as C and as C++, pedantically, and alone each says what to include")
def test_headers():
    installed = tree()
    flags = installed.pkg_config("--cflags").split()
    folder = installed.prefix / "include" / "extension-host-1"
    for compiler, language in (("cc", "c"), ("c++", "c++")):
        need(compiler)
        source = scratch(f"header.{language}")
        source.write_text("#include <extension-host.h>\nint main (void) { return 0; }\n", encoding="utf-8")
        run([compiler, "-x", language, "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wno-variadic-macros",
             "-Werror", source, *flags], env=installed.environment())
        for header in sorted(folder.glob("*.h")):
            if header.name == "extension-host.h":
                continue
            done = subprocess.run([compiler, "-x", language, "-fsyntax-only", header, *flags], text=True,
                                  capture_output=True, check=False, env=installed.environment())
            assert done.returncode != 0 and "Only <extension-host.h> can be included directly" in done.stderr, (
                f"{header.name}: {done.stderr}")

    included = run(["cc", "-M", *flags, folder / "extension-host.h"], env=installed.environment())
    unused = [path.name for path in folder.glob("*.h") if path.name not in included]
    assert not unused, f"included by nothing: {unused}"


@tap.case("the program of the README is compiled with pkg-config, and runs")
def test_program():
    installed = tree()
    source = scratch("my-app.c")
    source.write_text(code_blocks(ROOT / "README.md", "c")[0], encoding="utf-8")
    program = installed.compile(source, scratch("my-app"))
    output = run([program], env=installed.environment(G_DEBUG="fatal-warnings"))
    assert output.splitlines() == [f"my-host is {state}" for state in STATES], output


@tap.case("the command tells its version, runs a host, and is completed by bash")
def test_command():
    installed = tree()
    command = installed.program("extension-host")
    version = run([command, "--version"], env=installed.environment()).split()
    assert version == ["extension-host", installed.pkg_config("--modversion")], version

    output = run([command, "run", "--restart=never", "--", "echo", "hello"], env=installed.environment())
    assert "hello" in output, output
    completion = installed.prefix / "share" / "bash-completion" / "completions" / "extension-host"
    shown = run(["bash", "-c", f"source '{completion}' && complete -p extension-host"],
                env=installed.environment())
    assert shown.startswith("complete "), shown


@tap.case("Python imports the library, and runs a host")
def test_python():
    installed = tree()
    if "gir" not in BUILT:
        raise tap.Skip("built without introspection data")
    # PyGObject belongs to the Python of the system, which need not be the first in PATH.
    if subprocess.run(["/usr/bin/python3", "-c", "import gi"], capture_output=True, check=False).returncode != 0:
        raise tap.Skip("there is no PyGObject")
    output = run(["/usr/bin/python3", "-c", PYTHON_PROGRAM], env=installed.environment())
    assert output.splitlines() == STATES, output


@tap.case("a Vala program is compiled with the VAPI, and runs")
def test_vala():
    need("valac")
    installed = tree()
    vapi = installed.prefix / "share" / "vala" / "vapi"
    if "vapi" not in BUILT:
        raise tap.Skip("built without Vala bindings")
    source = scratch("my-app.vala")
    source.write_text(VALA_PROGRAM, encoding="utf-8")
    program = scratch("vala-app")
    # Vala's own C is not free of warnings.
    run(["valac", "--vapidir", vapi, "--girdir", installed.prefix / "share" / "gir-1.0", "--pkg", "extension-host-1",
         "-X", "-w", "-o", program, source], env=installed.environment(), cwd=SCRATCH.name)
    assert run([program], env=installed.environment()) == "stopped\n"


@tap.case("what was installed is taken away again, with its folders")
def test_uninstall():
    folder = scratch("passing")
    assert Installed(folder).files()
    run([need("ninja"), "-C", BUILD, "uninstall"])
    assert not folder.exists(), sorted(folder.rglob("*"))


if not BUILD:
    print("1..0 # SKIP EXTENSION_HOST_BUILD_ROOT is not set")
    sys.exit(0)
tap.run()
