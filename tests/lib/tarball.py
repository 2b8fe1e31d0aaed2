# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sources as they are in the tree, copied to where they can be built."""

import pathlib
import shutil

import tap
from installed import ROOT, need, run


def tracked():
    """What belongs to the project: the files that git knows, or would take."""
    if not (ROOT / ".git").exists():
        raise tap.Skip("this is no clone of the repository")
    listed = run([need("git"), "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def copy_sources(folder):
    for name in tracked():
        target = pathlib.Path(folder) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
