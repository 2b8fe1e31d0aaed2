#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""po/POTFILES lists every file with text to translate, and nothing else; every translation is whole."""

import pathlib
import re
import shutil
import subprocess
import tempfile

from source_tree import ROOT, expect_none, read, relative, sources
import tap

POTFILES = ROOT / "po" / "POTFILES"
LINGUAS = ROOT / "po" / "LINGUAS"
DOMAIN = "extension-host-1"
# As in the preset “glib” of Meson
KEYWORDS = ("_", "N_", "C_:1c,2", "NC_:1c,2", "g_dcgettext:2", "g_dngettext:2,3", "g_dpgettext2:2c,3")
# Words of programs, which are the same in every language: options, variables, files, functions
FIXED = re.compile(r"--[a-z][a-z-]+|\$?[A-Z]{3,}_[A-Z_]+|SIG[A-Z]+|\*?\.exthost|\w+ \(\)|\w+=\w+-?\w+(?=”)")
MARK = re.compile(r'(?<![\w"])(?:_|N_|C_|NC_|ngettext|g_dngettext)\s*\(\s*"')


def listed():
    return [line for line in read(POTFILES).splitlines() if line and not line.startswith("#")]


def marked():
    return [relative(path) for path in sources(".c", ".h", folder=ROOT / "src")
            if MARK.search(re.sub(r"/\*.*?\*/", "", read(path), flags=re.DOTALL))]


@tap.case("POTFILES lists every file with text to translate")
def test_complete():
    expect_none(sorted(set(marked()) - set(listed())), "Add these to po/POTFILES:")


@tap.case("POTFILES lists no file without")
def test_no_more():
    expect_none(sorted(set(listed()) - set(marked())), "Take these out of po/POTFILES:")


@tap.case("POTFILES is sorted")
def test_sorted():
    assert listed() == sorted(listed()), "Sort po/POTFILES"


class Gettext:
    """What xgettext finds in the sources, and the programs that compare the translations with it."""

    def __init__(self):
        for program in ("xgettext", "msgcmp", "msgfmt", "msgattrib", "msgmerge"):
            if not shutil.which(program):
                raise tap.Skip(f"there is no {program} in PATH")
        self.folder = tempfile.TemporaryDirectory(prefix="extension-host-po-")
        self.template = pathlib.Path(self.folder.name) / f"{DOMAIN}.pot"

    def __enter__(self):
        keywords = [f"--keyword={word}" for word in KEYWORDS]
        done = self.run("xgettext", "--from-code=UTF-8", "--add-comments", *keywords, f"--directory={ROOT}",
                        f"--files-from={POTFILES}", f"--output={self.template}")
        assert done.returncode == 0, done.stderr
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def run(self, *command):
        return subprocess.run(command, text=True, capture_output=True, check=False, cwd=self.folder.name)


def languages():
    text = re.sub(r"#.*", "", read(LINGUAS))
    return text.split()


def translation(language):
    return ROOT / "po" / f"{language}.po"


def unquote(lines):
    """The text of a msgid or msgstr, which is written as strings of C."""
    parts = re.findall(r'"((?:\\.|[^"\\])*)"', lines)
    return "".join(parts).replace(r"\n", "\n").replace(r"\"", '"').replace("\\\\", "\\")


def messages(path):
    """Pairs of a message and a translation of it; of a plural, each translation with the plural."""
    for entry in re.split(r"\n\s*\n", read(path)):
        fields = re.findall(r'^(msgid_plural|msgid|msgstr(?:\[\d\])?) ((?:".*"\n?)+)', entry, re.MULTILINE)
        texts = {name: unquote(lines) for name, lines in fields}
        original = texts.get("msgid_plural", texts.get("msgid", ""))
        if original:
            yield from ((original, text) for name, text in texts.items() if name.startswith("msgstr"))


@tap.case("LINGUAS lists every translation, sorted")
def test_linguas():
    there = sorted(path.stem for path in (ROOT / "po").glob("*.po"))
    assert languages() == there, f"{languages()} in po/LINGUAS, {there} in po"


@tap.case("no message is cut off where a macro begins")
def test_whole():
    with Gettext() as gettext:
        ids = re.findall(r'^msgid(?:_plural)? ((?:".*"\n)+)', read(gettext.template), re.MULTILINE)
        expect_none([text for text in map(unquote, ids) if re.search(r"(^|[^%])(%%)*%$", text)],
                    "xgettext knows no macros for formats; take %zu, %d, or %s for a number that is text:")


@tap.case("every message is translated into every language, and nothing else is")
def test_translated():
    with Gettext() as gettext:
        found = []
        for language in languages():
            path = translation(language)
            found += gettext.run("msgcmp", path, gettext.template).stderr.splitlines()
            left = gettext.run("msgattrib", "--only-obsolete", path).stdout
            found += [f"{relative(path)}: obsolete: {text}"
                      for text in re.findall(r"^#~ msgid (.*)$", left, re.MULTILINE)]
        expect_none(found, "Translate these (CONTRIBUTING.md says how):")


@tap.case("translations are well-formed, with formats and plurals as in the original")
def test_formats():
    with Gettext() as gettext:
        found = []
        for language in languages():
            path = translation(language)
            # Which of them are formats the sources say: a translation may have lost the mark, and is not compared then.
            merged = pathlib.Path(gettext.folder.name) / path.name
            gettext.run("msgmerge", "--quiet", "--no-fuzzy-matching", f"--output-file={merged}", path, gettext.template)
            done = gettext.run("msgfmt", "--check", "--use-fuzzy", "--output-file=/dev/null", merged)
            if done.returncode != 0 or done.stderr:
                found.append(done.stderr)
            if f'"Language: {language}\\n"' not in read(path):
                found.append(f"{relative(path)}: its header has another language")
        expect_none(found, "Mend these:")


@tap.case("names of options, variables and files are left as they are")
def test_fixed_words():
    found = []
    for language in languages():
        for original, text in messages(translation(language)):
            missing = [word for word in FIXED.findall(original) if word not in text]
            found += [f"{language}: {word} is not in “{text}”" for word in missing]
    expect_none(found, "Programs do not understand these in translation:")


tap.run()
