#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the reference of the D-Bus interfaces, a page of the manual, from their XML.

usage: dbus-reference.py FILE.xml…

Every member has a comment before it, “NAME:”, a line “@ARGUMENT: …” for each argument, and what it is
or does. What lacks one, and what a comment says of an argument that there is not, is told on stderr,
and then nothing is printed.
"""

import re
import sys
from xml.etree import ElementTree

HEAD = """Title: D-Bus reference
Slug: dbus-reference

<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
<!-- Printed by docs/dbus-reference.py from data/dbus/*.xml: change those -->

# D-Bus reference

[Hosts on D-Bus](dbus.html) says how an application publishes its hosts, who may do what, and what the types of
the errors are. Here are the interfaces, member by member. Their XML is installed in `share/dbus-1/interfaces`.
"""

CHANGED = "org.freedesktop.DBus.Property.EmitsChangedSignal"
CHANGES = {"true": "with a signal", "const": "never", "false": "without a signal"}
MEMBERS = ("property", "method", "signal")

problems = []


class Comment:
    """The documentation of an interface or a member of one."""

    def __init__(self, text, where):
        lines = [line.strip() for line in text.strip().splitlines()]
        self.name = lines[0].removesuffix(":")
        self.arguments = {}
        body, argument = [], None
        for line in lines[1:]:
            found = re.match(r"@(\w+): *(.*)", line)
            if found:
                argument = found.group(1)
                if argument in self.arguments:
                    problems.append(f"{where}: “{argument}” is explained twice")
                self.arguments[argument] = found.group(2)
            elif argument and line:
                self.arguments[argument] += " " + line
            else:
                argument = None
                body.append(line)
        self.paragraphs = [re.sub(r"\s+", " ", part).strip()
                           for part in "\n".join(body).split("\n\n") if part.strip()]


def short(interface):
    return interface.rpartition(".")[2]


def link(match):
    """“#org.example.Name1:Member”, with “::” for a signal and “.” and “()” for a method"""
    interface, sign, member = match.group(1), match.group(2), match.group(3)
    target = f"properties-of-{short(interface)}" if sign == ":" else f"{short(interface)}-{member}"
    return f"[`{short(interface)}.{member}`](#{target.lower()})"


def markup(text):
    text = re.sub(r"#((?:\w+\.)+\w+\d)(::|:|\.)(\w+)(?:\(\))?", link, text)
    # What is left of names and types is code, or an asterisk or underscore would be markup.
    text = re.sub(r"(?<![`\w./\[])(org\.(?:extensionhost|freedesktop)[\w.]*\w|a\{sv\}|/org/\w[\w/]*)", r"`\1`", text)
    return re.sub(r"“([a-z-]+|CODE: TEXT)”", r"`\1`", text)


def parse(path):
    builder = ElementTree.TreeBuilder(insert_comments=True)
    return ElementTree.parse(path, ElementTree.XMLParser(target=builder)).getroot()


def commented(parent, kinds):
    """Each child of one of the kinds, with the comment before it."""
    comment = None
    for child in parent:
        if child.tag is ElementTree.Comment:
            comment = child.text
            continue
        if child.tag in kinds:
            yield child, comment
        comment = None


def check(comment, name, where, arguments=()):
    if comment.name != name:
        problems.append(f"{where}: the comment before it is about “{comment.name}”")
    if not comment.paragraphs:
        problems.append(f"{where}: nothing is said of it")
    for argument in arguments:
        if not comment.arguments.get(argument):
            problems.append(f"{where}: its argument “{argument}” is not explained")
    for argument in sorted(set(comment.arguments) - set(arguments)):
        problems.append(f"{where}: there is no argument “{argument}”")


def document(element, text, where):
    """The comment of a member, or none if that is a mistake."""
    if text is None:
        problems.append(f"{where}: it has no comment")
        return None
    comment = Comment(text, where)
    check(comment, element.get("name"), where, [arg.get("name") for arg in element.iter("arg")])
    return comment


def print_properties(interface, members):
    yield f"\n### Properties of {short(interface)}\n"
    yield "| name | type | access | changes | |"
    yield "|---|---|---|---|---|"
    for element, comment in members:
        changes = {note.get("name"): note.get("value") for note in element.iter("annotation")}.get(CHANGED, "true")
        yield (f"| `{element.get('name')}` | `{element.get('type')}` | {element.get('access')} | {CHANGES[changes]} "
               f"| {markup(' '.join(comment.paragraphs))} |")


def signature(element, direction):
    found = [f"{arg.get('type')} {arg.get('name')}" for arg in element.iter("arg")
             if arg.get("direction", "out") == direction]
    return f"({', '.join(found)})"


def print_callable(interface, element, comment):
    """A method or a signal"""
    name = element.get("name")
    yield f"\n### {short(interface)}: {name}\n"
    if element.tag == "signal":
        yield f"`{name} {signature(element, 'out')}`\n"
    else:
        yield f"`{name} {signature(element, 'in')} → {signature(element, 'out')}`\n"
    yield "\n\n".join(map(markup, comment.paragraphs))
    arguments = list(element.iter("arg"))
    if arguments:
        yield "\n| argument | type | |\n|---|---|---|"
        yield from (f"| `{arg.get('name')}` | `{arg.get('type')}` | {markup(comment.arguments[arg.get('name')])} |"
                    for arg in arguments)


def print_interface(interface, text):
    name = interface.get("name")
    if text is None:
        problems.append(f"{name}: it has no comment")
        return
    about = Comment(text, name)
    check(about, name, name, ["short_description"])
    members = [(element, document(element, comment, f"{name}, {element.tag} {element.get('name')}"))
               for element, comment in commented(interface, MEMBERS)]
    if problems:
        return

    yield f"\n## {name}\n"
    yield f"{about.arguments['short_description']}.\n"
    yield "\n\n".join(map(markup, about.paragraphs))
    yield from print_properties(name, [m for m in members if m[0].tag == "property"])
    for kind in ("method", "signal"):
        for element, comment in members:
            if element.tag == kind:
                yield from print_callable(name, element, comment)


def check_links(page):
    """Links go to headings, as gi-docgen and others name them."""
    headings = {re.sub(r"[^\w]+", "-", title.lower()) for title in re.findall(r"^##+ (.*)$", page, re.MULTILINE)}
    properties = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    for member, target in re.findall(r"\[`\w+\.(\w+)`\]\(#([^)]*)\)", page):
        if target not in headings or (target.startswith("properties-") and member not in properties):
            problems.append(f"there is no “{member}” to refer to")


def main():
    lines = [HEAD.rstrip()]
    for path in sys.argv[1:]:
        found = list(commented(parse(path), ("interface",)))
        if not found:
            problems.append(f"{path}: there is no interface in it")
        for interface, text in found:
            lines.extend(print_interface(interface, text))
    page = "\n".join(lines)
    check_links(page)
    if problems:
        sys.exit("\n".join(problems))
    # The locale of who runs this is not that of the page.
    sys.stdout.reconfigure(encoding="utf-8")
    print(page)


main()
