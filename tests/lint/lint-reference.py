#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual is whole: everything public is documented, and links between its pages lead somewhere.

usage: lint-reference.py [GIR]

gi-docgen complains about links to symbols by itself, and about nothing of this.
"""

import re
import sys
from xml.etree import ElementTree

from source_tree import LIBRARY, ROOT, expect_none, read, relative, sources
import tap

DOCS = ROOT / "docs"
CORE = "{http://www.gtk.org/introspection/core/1.0}"
GLIB = "{http://www.gtk.org/introspection/glib/1.0}"
C = "{http://www.gtk.org/introspection/c/1.0}"

DOCUMENTED = {CORE + kind for kind in (
    "alias", "bitfield", "callback", "class", "constant", "constructor", "enumeration", "field", "function", "interface",
    "member", "method", "parameter", "property", "record", "return-value", "union")} | {GLIB + "signal"}
HEADINGS = re.compile(r"^#+ (.*)$", re.MULTILINE)
PAGE_LINK = re.compile(r"\]\(([a-z-]+)\.html(?:#([^)]*))?\)")


def returns_nothing(element):
    kind = element.find(CORE + "type")
    return element.tag == CORE + "return-value" and kind is not None and kind.get("name") == "none"


def undocumented(parent, path):
    """The names of what has no documentation, from the outermost on"""
    for child in parent:
        # The class structs of final types are nobody's business.
        if child.get(GLIB + "is-gtype-struct-for"):
            continue
        if child.tag == CORE + "parameters":
            yield from undocumented(child, path)
        elif child.tag in DOCUMENTED:
            kind = child.tag.partition("}")[2]
            name = f"{path}.{child.get('name') or kind}"
            if child.find(CORE + "doc") is None and not returns_nothing(child):
                yield f"{name} ({kind})"
            yield from undocumented(child, name)


def check_gir(path):
    @tap.case("everything public is documented")
    def _documented():
        namespace = ElementTree.parse(path).getroot().find(CORE + "namespace")
        n_symbols = len([element for element in namespace.iter() if element.get(C + "identifier")])
        assert n_symbols > 100, "this lint looks elsewhere"
        expect_none(list(undocumented(namespace, namespace.get("name"))), "These have no documentation:")


def check_macros(path):
    @tap.case("macros that are documented are there for other languages, and in the reference")
    def _macros():
        documented = {name for header in sources(".h", ".in", folder=LIBRARY) if not header.name.endswith("-private.h")
                      for name in re.findall(r"^ \* (EXTENSION_HOST_[A-Z_]+):$", read(header), re.MULTILINE)
                      if not name.endswith("_ERROR")}   # error domains have a form of their own
        known = {element.get(attribute) for element in ElementTree.parse(path).iter()
                 for attribute in (C + "identifier", C + "type")}
        assert len(documented) > 5, "this lint looks elsewhere"
        expect_none(sorted(documented - known), "The scanner makes nothing of these; does a plain number do?")


def anchor(title):
    """As gi-docgen makes them"""
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower())


@tap.case("links to pages of the manual lead to a page and to a heading of it")
def test_links():
    pages = {path.stem: {anchor(title) for title in HEADINGS.findall(read(path))} for path in DOCS.glob("*.md")}
    wrong, n_links = [], 0
    for path in [*sorted(DOCS.glob("*.md")), *sources(".c", ".h", folder=LIBRARY)]:
        for page, target in PAGE_LINK.findall(read(path)):
            n_links += 1
            if page not in pages or (target and target not in pages[page]):
                wrong.append(f"{relative(path)}: {page}.html{'#' if target else ''}{target}")
        for target in re.findall(r"\]\(#([^)]*)\)", read(path)):
            if target not in pages.get(path.stem, ()):
                wrong.append(f"{relative(path)}: #{target}")
    assert n_links > 20, "this lint looks elsewhere"
    expect_none(wrong, "There is no such place:")


@tap.case("every guide is a page of the manual, known to the build, and linked from the overview")
def test_pages():
    names = {path.name for path in DOCS.glob("*.md")}
    contents = set(re.findall(r'"([a-z-]+\.md)"', read(DOCS / "extension-host.toml.in")))
    build = set(re.findall(r"'([a-z-]+\.md)'", read(DOCS / "meson.build")))
    assert names == contents == build, f"{sorted(names ^ contents)}, {sorted(names ^ build)}"
    linked = {page + ".md" for page, _ in PAGE_LINK.findall(read(DOCS / "overview.md"))}
    expect_none(sorted(names - linked - {"overview.md"}), "docs/overview.md does not link:")


for gir in sys.argv[1:]:
    check_gir(gir)
    check_macros(gir)
del sys.argv[1:]
tap.run()
