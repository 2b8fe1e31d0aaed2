# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether a test that is named as suite/program:case exists."""

import functools
import re

from source_tree import ROOT, read

STRING = re.compile(r'"((?:\\.|[^"\\\n])*)"')
C_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|/\*.*?\*/', re.DOTALL)
C_INCLUDE = re.compile(r'^#include "(test-[^"]+)"', re.MULTILINE)
PYTHON_CASE = re.compile(r'^\s*@(?:tap\.)?case\("((?:\\.|[^"\\\n])*)"', re.MULTILINE)
PYTHON_IMPORT = re.compile(r"^\s*(?:import|from) (\w+)", re.MULTILINE)
MESON_STRING = re.compile(r"'([^'\n]*)'")


def registered_in(folder):
    """The names that the meson.build of a suite puts together."""
    path = ROOT / "tests" / folder / "meson.build"
    if not path.exists():
        return set()
    text = re.sub(r"#.*", "", read(path))
    words = set(MESON_STRING.findall(text))
    return words | {form.replace("@0@", word) for form in words if "@0@" in form for word in words}


def find_program(folder, program):
    """The source of a test that is registered, or nothing."""
    names = registered_in(folder)
    stem = program if folder == "lint" else f"test-{program}"
    for suffix in (".c", ".py"):
        path = ROOT / "tests" / folder / (stem + suffix)
        if path.exists() and ({program, program.removeprefix("lint-"), path.name} & names):
            return path
    return None


@functools.cache
def python_cases(path):
    text = read(path)
    cases = set(PYTHON_CASE.findall(text))
    for module in PYTHON_IMPORT.findall(text):
        imported = path.with_name(module + ".py")
        if imported.exists() and imported != path:
            cases |= python_cases(imported)
    return cases


@functools.cache
def c_words(path):
    """The string literals of a source and its fixture, and all their words as they are written in a path."""
    text = read(path)
    for header in C_INCLUDE.findall(text):
        if path.with_name(header).exists():
            text += read(path.with_name(header))
    text = C_COMMENT.sub(lambda match: match.group(1) or " ", text)
    return set(STRING.findall(text)), set(re.findall(r"[a-z0-9-]+", text.lower().replace("_", "-")))


def fills(form, case, literals, words):
    """Whether printf could make the path of this format, with words of the source in its gaps."""
    pattern = re.sub(r"%u|%d", r"\\d+", re.sub(r"%(?:\.\*)?s", "(.+?)", re.escape(form)))
    found = re.fullmatch(pattern, case)
    return found is not None and all(part in literals or part in words for part in found.groups())


def is_put_together(rest, literals):
    """Whether each piece between two slashes, or several of them, are literals."""
    return rest in literals or any(rest[:match.start()] in literals and is_put_together(rest[match.end():], literals)
                                   for match in re.finditer("/", rest))


def begins(case, literals):
    """What may follow the beginnings that a macro or g_strconcat () puts before the name of a case."""
    return [case[match.end():] for match in re.finditer("/", case) if case[:match.end()] in literals]


def has_c_case(path, case):
    literals, words = c_words(path)
    if case.endswith("/*"):
        wanted = [case[:-1], *begins(case[:-1], literals)]
        return any(literal.startswith(prefix) for prefix in wanted for literal in literals)
    return (case in literals or
            any(is_put_together(rest, literals) for rest in begins(case, literals)) or
            any(fills(literal, case, literals, words)
                for literal in literals if literal.startswith("/") and "%" in literal))


def explain_test(name):
    match = re.fullmatch(r"([a-z]+)/([a-z0-9-]+):(.+)", name)
    if match is None:
        return "not suite/program:case"
    folder, program, case = match.groups()
    path = find_program(folder, program)
    if path is None:
        return f"there is no test {program} in tests/{folder}"
    known = case in python_cases(path) if path.suffix == ".py" else has_c_case(path, case)
    return None if known else f"{path.name} has no such case"
