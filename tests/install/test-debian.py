#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Debian packages are built, hold what their names say, and lintian finds no error in them."""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import tap  # pylint: disable=wrong-import-position
from installed import BUILD, ROOT, need, run  # pylint: disable=wrong-import-position
from tarball import tracked  # pylint: disable=wrong-import-position

# Of each package something that belongs there and nowhere else
PARTS = {
    "libextension-host-1-0": ["/libextension-host-1.so.0", "/extension-host-shim",
                              "/de/LC_MESSAGES/extension-host-1.mo"],
    "gir1.2-extensionhost-1.0": ["/ExtensionHost-1.0.typelib"],
    "libextension-host-1-dev": ["/extension-host.h", "/extension-host-1.pc", "/ExtensionHost-1.0.gir",
                                "/extension-host-1.vapi", "/libextension-host-1.so"],
    "extension-host-tools": ["/bin/extension-host", "/extension-host.1.gz", "/extension-host-node",
                             "/completions/extension-host"],
}


def contents(package):
    """The paths in it; of a link, that of the link."""
    lines = run(["dpkg-deb", "--contents", package]).splitlines()
    return [line.split(maxsplit=5)[5].split(" -> ")[0] for line in lines]


def check_parts(packages):
    names = {path.name.split("_")[0]: contents(path) for path in packages}
    ours = {name: paths for name, paths in names.items() if not name.endswith("-dbgsym")}
    assert set(ours) == set(PARTS), sorted(names)
    for package, parts in PARTS.items():
        for part in parts:
            holders = [name for name, paths in ours.items() if any(path.endswith(part) for path in paths)]
            assert holders == [package], f"{part}: {holders}"


@tap.case("the Debian packages are built, with everything in its package, and without an error of lintian")
def test_packages():
    for program in ("dpkg-buildpackage", "dh", "dh_girepository"):
        need(program)
    tracked()
    if subprocess.run(["dpkg-checkbuilddeps", ROOT / "data" / "debian" / "control"], capture_output=True,
                      check=False).returncode != 0:
        raise tap.Skip("what the packages are built with is not installed from packages here")
    with tempfile.TemporaryDirectory(prefix="extension-host-debian-") as scratch:
        folder = pathlib.Path(scratch) / "packages"
        run(["bash", ROOT / "data" / "debian" / "build.sh", folder], timeout=600)
        check_parts(sorted(folder.glob("*.deb")))
        changes = next(folder.glob("*.changes"))
        run([need("lintian"), "--fail-on", "error", "--allow-root", changes], timeout=300)


if not BUILD:
    print("1..0 # SKIP EXTENSION_HOST_BUILD_ROOT is not set")
    sys.exit(0)
tap.run()
