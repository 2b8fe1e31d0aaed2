# SPDX-License-Identifier: LGPL-2.1-or-later
"""The build, installed into a folder of its own, and the environment of somebody who uses it there.

EXTENSION_HOST_BUILD_ROOT is the build folder. Without CC and CXX the compilers are cc and c++.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.environ.get("EXTENSION_HOST_BUILD_ROOT", "")


def run(command, timeout=120, **options):
    """What COMMAND prints, which has to succeed."""
    done = subprocess.run(command, text=True, capture_output=True, timeout=timeout, check=False, **options)
    assert done.returncode == 0, (f"{shlex.join(map(str, command))}: status {done.returncode}\n"
                                  f"{done.stdout}\n{done.stderr}")
    return done.stdout


def need(program):
    found = shutil.which(program)
    if not found:
        raise tap.Skip(f"there is no {program} in PATH")
    return found


def build_options():
    return {option["name"]: option["value"]
            for option in json.loads(run([need("meson"), "introspect", "--buildoptions", BUILD]))}


def code_blocks(path, language):
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [block for found, block in blocks if found == language]


class Installed:
    """A tree that was moved after it was configured: what it holds has to find its parts by itself."""

    def __init__(self, folder):
        options = build_options()
        if options["b_sanitize"] not in ("none", [], ""):
            raise tap.Skip("a sanitized library needs a sanitized program")

        run([need("meson"), "install", "-C", BUILD, "--no-rebuild", "--destdir", folder])
        self.root = pathlib.Path(folder)
        self.prefix = pathlib.Path(str(folder) + options["prefix"])
        self.options = options
        self.pkgconfig = self.find("extension-host-1.pc")
        self.pkgconfig_as_installed = self.pkgconfig.read_text(encoding="utf-8")
        # What a tree that is moved needs: all else in the file is relative to the prefix.
        self.pkgconfig.write_text(re.sub(r"^prefix=.*$", f"prefix={self.prefix}", self.pkgconfig_as_installed,
                                         flags=re.MULTILINE), encoding="utf-8")
        self.libdir = self.pkgconfig.parent.parent

    def files(self):
        return sorted(path for path in self.root.rglob("*") if path.is_file() or path.is_symlink())

    def find(self, name):
        found = [path for path in self.files() if path.name == name]
        assert len(found) == 1, f"{name}: {found}"
        return found[0]

    def program(self, name):
        path = self.prefix / self.options["bindir"] / name
        if not path.exists():
            raise tap.Skip("built without the command")
        return path

    def environment(self, **more):
        """Nothing of who runs the tests, but where the tree is, and the rest of the system."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        search = [str(self.pkgconfig.parent), os.environ.get("PKG_CONFIG_PATH", "")]
        return {**kept,
                "LC_ALL": "C.UTF-8",
                "DBUS_SESSION_BUS_ADDRESS": "disabled:",
                "PKG_CONFIG_PATH": ":".join(filter(None, search)),
                "LD_LIBRARY_PATH": str(self.libdir),
                "GI_TYPELIB_PATH": str(self.libdir / "girepository-1.0"),
                "PYTHONDONTWRITEBYTECODE": "1",
                **more}

    def pkg_config(self, *arguments):
        return run(["pkg-config", *arguments, "extension-host-1"], env=self.environment()).strip()

    def compile(self, source, program, *arguments):
        """SOURCE as its name says, with what pkg-config tells and nothing else."""
        compiler = os.environ.get("CXX", "c++") if source.suffix == ".cc" else os.environ.get("CC", "cc")
        need(shlex.split(compiler)[0])
        flags = shlex.split(self.pkg_config("--cflags", "--libs"))
        run([*shlex.split(compiler), "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", *arguments,
             "-o", program, source, *flags], env=self.environment())
        return program
