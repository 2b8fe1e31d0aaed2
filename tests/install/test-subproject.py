#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An application that has the library as a subproject builds it, runs, and is installed together with it."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import tap  # pylint: disable=wrong-import-position
from installed import BUILD, need, run  # pylint: disable=wrong-import-position
from tarball import copy_sources  # pylint: disable=wrong-import-position

HERE = pathlib.Path(__file__).resolve().parent
STATES = "starting\nrunning\nstopping\nstopped\n"


class Application:
    """The small project beside this file, with the library below it and nothing of either elsewhere."""

    def __init__(self, folder, *setup):
        meson = need("meson")
        self.source = folder / "application"
        self.build = folder / "build"
        self.prefix = folder / "prefix"
        shutil.copytree(HERE / "subproject", self.source)
        copy_sources(self.source / "subprojects" / "extension-host")
        self.said = run([meson, "setup", "--wrap-mode=nodownload", "--force-fallback-for=extension-host-1",
                         f"--prefix={self.prefix}", "--libdir=lib", "-Dbuildtype=plain",
                         "-Dextension-host:werror=true", "-Dextension-host:introspection=disabled",
                         "-Dextension-host:vapi=disabled", "-Dextension-host:tool=disabled", *setup,
                         self.build, self.source])
        run([need("ninja"), "-C", self.build], timeout=600)

    def test(self):
        return run([need("meson"), "test", "-C", self.build, "--no-rebuild", "--print-errorlogs"])

    def install(self):
        run([need("meson"), "install", "-C", self.build, "--no-rebuild"])


def check(folder, linkage):
    application = Application(folder, f"-Ddefault_library={linkage}")
    # What a subproject does on Meson's own account is not ours.
    warnings = [line for line in application.said.splitlines() if re.search(r"WARNING|DEPRECATION", line)]
    assert not warnings, "\n".join(warnings)

    # The tests of the library are not those of the application.
    listed = run([need("meson"), "test", "-C", application.build, "--no-rebuild", "--list"]).splitlines()
    assert listed == ["application"], listed
    assert "Ok:                 1" in application.test()

    # Without the variable the helper is not found, so it was that of the build tree.
    program = application.build / "application"
    alone = subprocess.run([program], text=True, capture_output=True, check=False, timeout=60)
    assert alone.returncode == 1 and alone.stdout == "starting\ncrashed\n", alone
    shell = run([need("meson"), "devenv", "-C", application.build, program])
    assert shell.endswith(STATES), shell

    application.install()
    environment = {"LD_LIBRARY_PATH": str(application.prefix / "lib"), "PATH": "/usr/bin:/bin"}
    assert run([application.prefix / "bin" / "application"], env=environment) == STATES
    # Linked statically, it does not know by its name where it is.
    environment["G_DEBUG"] = "fatal-warnings"
    assert run(["./application"], env=environment, cwd=application.prefix / "bin") == STATES
    return application


@tap.case("an application with the library as a shared subproject builds, runs and is installed")
def test_shared():
    with tempfile.TemporaryDirectory(prefix="extension-host-subproject-") as folder:
        application = check(pathlib.Path(folder), "shared")
        assert (application.prefix / "lib" / "libextension-host-1.so.0").exists()


@tap.case("an application with the library as a static subproject builds, runs and is installed")
def test_static():
    with tempfile.TemporaryDirectory(prefix="extension-host-subproject-") as folder:
        application = check(pathlib.Path(folder), "static")
        assert not list(application.prefix.rglob("libextension-host-1.so*"))
        needed = run(["ldd", application.prefix / "bin" / "application"])
        assert "extension-host" not in needed, needed


if not BUILD:
    print("1..0 # SKIP EXTENSION_HOST_BUILD_ROOT is not set")
    sys.exit(0)
tap.run()
