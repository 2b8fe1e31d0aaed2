# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the lints know of the source tree."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "src" / "extension-host"

sys.path.insert(0, str(ROOT / "tests" / "lib"))

SOURCE_FOLDERS = ("src", "data", "examples", "tests", "docs", "po", ".ci")
SOURCE_SUFFIXES = (".c", ".h", ".in", ".py", ".mjs", ".js", ".sh", ".vala", ".build", ".1",
                   ".5", ".8")
SOURCE_NAMES = ("meson.build", "meson_options.txt", ".ci/run", "data/completions/extension-host",
                "data/hosts/extension-host-node", "data/hosts/extension-host-python")

_COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def relative(path):
    return str(path.relative_to(ROOT))


def sources(*suffixes, folder=None):
    """The files of the tree, or of a folder in it, that have one of the suffixes."""
    tops = [folder] if folder else [ROOT / name for name in SOURCE_FOLDERS]
    return sorted(path
                  for top in tops if top.exists()
                  for path in top.rglob("*")
                  if path.is_file() and path.suffix in suffixes
                  and "__pycache__" not in path.parts)


def all_sources():
    named = [ROOT / name for name in SOURCE_NAMES if (ROOT / name).exists()]
    return sorted(set(sources(*SOURCE_SUFFIXES)) | set(named))


def read(path):
    return path.read_text(encoding="utf-8")


def strip_comments(text):
    """Blanks comments and string literals, keeping every line where it is."""
    def blank(match):
        found = match.group(0)
        return '""' if found.startswith('"') else re.sub(r"[^\n]", " ", found)
    return _COMMENT_OR_TEXT.sub(blank, text)


def find_lines(pattern, files):
    """“file:line: text” of every match in the code, comments and literals left out."""
    found = []
    for path in files:
        for number, line in enumerate(strip_comments(read(path)).splitlines(), 1):
            if re.search(pattern, line):
                found.append(f"{relative(path)}:{number}: {line.strip()}")
    return found


def expect_none(found, advice):
    assert not found, advice + "\n" + "\n".join(found)
