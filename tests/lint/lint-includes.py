#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may include whom: a file of the library includes its own header and lower levels only."""

import re

from source_tree import LIBRARY, ROOT, expect_none, read, relative, sources
import tap

PREFIX = "extension-host-"

# From lowest to highest. A family is one idea cut into files: spec, spec-table, spec-check …
LEVELS = (
    ("enums", "enum-types", "error", "state", "affinity", "backoff", "restart-budget", "restart-slot",
     "intake", "locale", "log", "place", "version", "version-macros"),
    ("spec", "exit", "transition", "stop-outcome", "shutdown-report", "health", "watchdog",
     "call-failure", "log-ring", "order", "json-glib", "json-scan", "json-repair", "message", "methods",
     "oversize", "payload", "pipes", "proc", "reactor", "records", "framer", "channel", "lifeline", "output", "shim",
     "sweep", "tree"),
    ("attempt", "ladder", "lifecycle", "rpc", "invocation", "extension"),
    ("process",),
    ("manager",),
    ("dbus", "drain", "publisher", "manager-export"),
)
LEVEL_OF = {name: level for level, names in enumerate(LEVELS) for name in names}
# Records that share their private header.
SAME_FAMILY = {"stop-outcome": "exit"}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def stem(name):
    """extension-host-spec-table-private.h → spec-table"""
    name = re.sub(r"\.(c|h|h\.in)$", "", name.rpartition("/")[2])
    name = re.sub(r"-private$", "", name)
    return name[len(PREFIX):] if name.startswith(PREFIX) else ""


def family(name):
    """The longest known name that this one begins with: spec-table belongs to spec."""
    parts = name.split("-")
    for n in range(len(parts), 0, -1):
        known = "-".join(parts[:n])
        if known in LEVEL_OF:
            return SAME_FAMILY.get(known, known)
    return None


def includes(path):
    text = re.sub(r"/\*.*?\*/", "", read(path), flags=re.DOTALL)
    return INCLUDE.findall(text)


def library_files():
    return [path for path in sources(".c", ".h", folder=LIBRARY) if stem(path.name)]


@tap.case("every file of the library has a level")
def test_known():
    expect_none([relative(path) for path in library_files() if family(stem(path.name)) is None],
                "Give these a place in LEVELS of tests/lint/lint-includes.py:")


@tap.case("no file includes a higher level")
def test_levels():
    found = []
    for path in library_files():
        own = family(stem(path.name))
        if own is None:
            continue
        for include in includes(path):
            other = family(stem(include)) if stem(include) else None
            if other is None or other == own:
                continue
            if LEVEL_OF[other] > LEVEL_OF[own]:
                found.append(f"{relative(path)} (level {LEVEL_OF[own]}) includes {include} "
                             f"(level {LEVEL_OF[other]})")
    expect_none(found, "News travels upwards by signals and callbacks:")


@tap.case("files of one level include no cycle")
def test_cycles():
    edges = {}
    for path in library_files():
        own = family(stem(path.name))
        for include in includes(path):
            other = family(stem(include)) if stem(include) else None
            if own and other and other != own:
                edges.setdefault(own, set()).add(other)

    def reaches(start, goal, seen):
        for following in edges.get(start, ()):
            if following == goal:
                return True
            if following not in seen:
                seen.add(following)
                if reaches(following, goal, seen):
                    return True
        return False

    expect_none(sorted(name for name in edges if reaches(name, name, set())),
                "These include each other in a circle:")


@tap.case("the shim includes neither GLib nor the library")
def test_shim():
    found = [f"{relative(path)}: {include}"
             for path in sources(".c", ".h", folder=ROOT / "src" / "shim")
             for include in includes(path)
             if re.match(r"(glib|gio|gobject|json-glib|extension-host)", include)]
    expect_none(found, "The helper is plain C:")


@tap.case("the command uses the public API only")
def test_tool():
    found = [f"{relative(path)}: {include}"
             for path in sources(".c", ".h", folder=ROOT / "src" / "tool")
             for include in includes(path)
             if include.startswith("extension-host") and include != "extension-host.h"]
    expect_none(found, "What the command can do, an application can do:")


@tap.case("code outside the library includes <extension-host.h> only")
def test_examples():
    found = [f"{relative(path)}: {include}"
             for path in sources(".c", ".h", folder=ROOT / "examples")
             for include in includes(path)
             if include.startswith(PREFIX)]
    expect_none(found, "Applications include <extension-host.h>:")


tap.run()
