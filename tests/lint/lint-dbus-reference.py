#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The D-Bus reference in the manual is that of the interfaces, and says something of each member.

usage: lint-dbus-reference.py [--update]
"""

import pathlib
import subprocess
import sys
import tempfile

from source_tree import ROOT, read, relative
import tap

PAGE = ROOT / "docs" / "dbus-reference.md"
GENERATOR = ROOT / "docs" / "dbus-reference.py"
INTERFACES = [ROOT / "data" / "dbus" / f"org.extensionhost.{name}.xml" for name in ("Manager1", "Host1")]


def generate(interfaces):
    return subprocess.run([sys.executable, GENERATOR, *interfaces], check=False, capture_output=True,
                          encoding="utf-8")


def complaint(old, new):
    """What the generator says of Host1 with a part replaced."""
    text = read(INTERFACES[1])
    assert old in text, f"“{old}” is not in {relative(INTERFACES[1])} any more"
    with tempfile.TemporaryDirectory(prefix="extension-host-lint-") as folder:
        path = pathlib.Path(folder) / "interface.xml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        done = generate([INTERFACES[0], path])
    assert done.returncode != 0 and not done.stdout, f"it prints a page without “{old}”"
    return done.stderr


@tap.case(f"{relative(PAGE)} is what the interfaces make of it")
def test_current():
    done = generate(INTERFACES)
    assert done.returncode == 0, done.stderr
    assert done.stdout == read(PAGE), f"{relative(PAGE)} is stale: tests/lint/lint-dbus-reference.py --update"


@tap.case("every interface is on the page")
def test_all():
    there = sorted((ROOT / "data" / "dbus").glob("*.xml"))
    assert there == sorted(INTERFACES), "name the new ones here"


@tap.case("no page is made while a member or an argument is not explained")
def test_gaps():
    assert "method Pause: the comment" in complaint("Pause:\n", "Resume:\n")
    assert "argument “stream” is not explained" in complaint("@stream: where", "where")
    assert "there is no argument “lime”" in complaint("@line: the line", "@line: the line\n        @lime: no")
    assert "property Pid: nothing is said" in complaint(
        "Pid:\n\n        The process id of the program; 0 if there is none.\n", "Pid:\n")
    assert "no “Stopp” to refer to" in complaint("Host1.Stop()", "Host1.Stopp()")
    assert "method Describe: it has no comment" in complaint(
        "-->\n    <method name=\"Describe\">", "-->\n    <annotation name=\"a\" value=\"b\"/><method name=\"Describe\">")


if "--update" in sys.argv[1:]:
    printed = generate(INTERFACES)
    if printed.returncode != 0:
        sys.exit(printed.stderr)
    PAGE.write_text(printed.stdout, encoding="utf-8")
else:
    tap.run()
