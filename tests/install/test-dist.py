#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The release tarball holds all that is needed, and can be built and tested without the repository."""

import pathlib
import shutil
import sys
import tarfile
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import tap  # pylint: disable=wrong-import-position
from installed import BUILD, ROOT, need, run  # pylint: disable=wrong-import-position

# One of each kind that is quick: rules about the sources, and hosts that run.
TESTS = ["lint-includes", "lint-po", "lint-sources", "state", "spec", "operations"]


@tap.case("the release tarball has what is committed, and builds and passes tests by itself")
def test_dist():
    if not (ROOT / ".git").exists():
        raise tap.Skip("this is no clone of the repository")
    meson, committed = need("meson"), run([need("git"), "-C", ROOT, "ls-tree", "-r", "--name-only", "HEAD"])
    with tempfile.TemporaryDirectory(prefix="extension-host-dist-") as scratch:
        folder = pathlib.Path(scratch)
        # A build folder of its own, since the tarball would be left in that of who runs this.
        run([meson, "setup", "-Dtests=disabled", "-Dintrospection=disabled", "-Dvapi=disabled", folder / "maker", ROOT])
        run([meson, "dist", "-C", folder / "maker", "--no-tests", "--allow-dirty", "--formats", "gztar"])
        tarball = next((folder / "maker" / "meson-dist").glob("extension-host-*.tar.gz"))
        with tarfile.open(tarball) as archive:
            archive.extractall(folder)
        source = next(path for path in folder.glob("extension-host-*") if path.is_dir())
        packed = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
        assert set(committed.splitlines()) == packed, sorted(set(committed.splitlines()) ^ packed)
        shutil.rmtree(folder / "maker")

        said = run([meson, "setup", "-Dwerror=true", "-Dtests=enabled", "-Dbuildtype=plain",
                    "-Dintrospection=disabled", "-Dvapi=disabled", folder / "build", source])
        assert "WARNING" not in said, said
        # What the hosts of the tests are is not among what a test by its name builds.
        run([meson, "compile", "-C", folder / "build", "fake-host", "rpc-host", "extension-host-shim"], timeout=600)
        run([meson, "test", "-C", folder / "build", "--print-errorlogs", *TESTS], timeout=600)


if not BUILD:
    print("1..0 # SKIP EXTENSION_HOST_BUILD_ROOT is not set")
    sys.exit(0)
tap.run()
