#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The man pages are formatted without a warning, are installed, and are of this version."""

import re
import shutil
import subprocess

from source_tree import ROOT, expect_none, read, relative
import tap

PAGES = sorted((ROOT / "data").glob("*.[1-8]"))
SECTIONS = ("NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO")


@tap.case("groff has no complaint")
def test_format():
    if shutil.which("groff") is None:
        raise tap.Skip("there is no groff in PATH")
    complaints = []
    for page in PAGES:
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", page], check=False, capture_output=True,
                              encoding="utf-8")
        complaints += done.stderr.splitlines()
        assert done.returncode == 0, done.stderr
    expect_none(complaints, "groff says:")


@tap.case("each page is installed, has its sections, and leads to the others")
def test_whole():
    names = [page.name for page in PAGES]
    assert len(names) == 3, names
    installed = re.findall(r"'([\w.-]+\.[1-8])'", read(ROOT / "data" / "meson.build"))
    assert sorted(installed) == names, f"{installed} are installed, of {names}"
    wrong = []
    for page in PAGES:
        text = read(page).replace("\\-", "-")
        wrong += [f"{relative(page)}: there is no section {name}" for name in SECTIONS if f".SH {name}\n" not in text]
        related = text.rpartition(".SH SEE ALSO")[2]
        wrong += [f"{relative(page)}: it does not lead to {other}" for other in names if other != page.name
                  and f".BR {other.rpartition('.')[0]} ({other[-1]})" not in related]
    expect_none(wrong, "Mend these:")


@tap.case("the version is that of the project")
def test_version():
    version = re.search(r"version: '(\d+\.\d+)", read(ROOT / "meson.build")).group(1)
    expect_none([relative(page) for page in PAGES
                 if f'"extension-host {version}"' not in re.search(r"^\.TH .*$", read(page), re.MULTILINE).group()],
                f"The heading of these is not of {version}:")


@tap.case("the page of the helper has its options")
def test_options():
    known = set(re.findall(r'\{ "(--[a-z-]+)", KIND_', read(ROOT / "src" / "shim" / "options.c")))
    page = read(ROOT / "data" / "extension-host-shim.8").replace("\\-", "-")
    told = set(re.findall(r"^\.BI? (--[a-z-]+)", page, re.MULTILINE))
    assert len(known) > 5 and known == told, f"{sorted(known ^ told)}"


tap.run()
