#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Habits of the sources that a compiler does not check."""

from source_tree import LIBRARY, all_sources, expect_none, find_lines, read, relative, sources
import tap

LICENSE = "SPDX-License-Identifier: LGPL-2.1-or-later"
# The first line may be “#!”, and groff wants '\" before anything else.
LICENSE_LINES = 2


@tap.case("every source names its licence first")
def test_license():
    expect_none([relative(path) for path in all_sources()
                 if not any(LICENSE in line for line in read(path).splitlines()[:LICENSE_LINES])],
                f"Begin these with “{LICENSE}”:")


@tap.case("the library never uses the default main context or a shared bus")
def test_default_context():
    pattern = (r"\bg_(idle_add|timeout_add|source_remove|main_context_default|bus_get|unix_fd_add|"
               r"unix_signal_add|child_watch_add|io_add_watch)(_\w+)?\s*\(")
    expect_none(find_lines(pattern, sources(".c", ".h", folder=LIBRARY)),
                "Attach a GSource to the context of the object, take the caller's connection:")


@tap.case("the state of a host has one writer")
def test_state_writer():
    pattern = r"->\s*state\s*=[^=]|[^&]&\s*\w+\s*->\s*state\b"
    for path in sources(".c", folder=LIBRARY):
        writers = find_lines(pattern, [path])
        expected = path.name == "extension-host-lifecycle.c"
        assert len(writers) <= 1, \
            "Feed an event to the one function that changes the state:\n" + "\n".join(writers)
        assert writers or not expected, f"{path.name} writes no state: this lint looks elsewhere"


@tap.case("public headers are refused when included alone")
def test_guarded_headers():
    public = [path for path in sources(".h", folder=LIBRARY)
              if not path.name.endswith("-private.h") and path.name != "extension-host.h"]
    expect_none([relative(path) for path in public
                 if "Only <extension-host.h> can be included directly" not in read(path)],
                "These lack the #error:")


@tap.case("public headers hold no struct bodies and no private includes")
def test_opaque_headers():
    public = [path for path in sources(".h", folder=LIBRARY)
              if not path.name.endswith("-private.h")]
    expect_none(find_lines(r"^\s*struct\s+_\w+\s*(\{|$)|-private\.h", public),
                "Move these into a .c file or a -private.h:")


tap.run()
