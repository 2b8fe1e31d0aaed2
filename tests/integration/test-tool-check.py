#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""extension-host check, as somebody who writes spec files or a script sees it.

EXTENSION_HOST_TOOL names the command.
"""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import tap  # pylint: disable=wrong-import-position

TOOL = os.environ.get("EXTENSION_HOST_TOOL", "extension-host")
DEADLINE = 30
GOOD = "[Extension Host]\nExec=cat\n"
BAD = GOOD + "\nRastert=always\n"


def in_folder(function):
    @functools.wraps(function)
    def wrapper():
        folder = pathlib.Path(tempfile.mkdtemp(prefix="extension-host test "))
        try:
            function(folder)
        finally:
            shutil.rmtree(folder)
    return wrapper


def write(folder, **files):
    """A spec file for each name, with what comes after its program."""
    for name, lines in files.items():
        (folder / f"{name}.exthost").write_text(GOOD + lines, encoding="utf-8")


def check(folder, *arguments, status=0, stdout=subprocess.PIPE):
    result = subprocess.run([TOOL, "check", *arguments], cwd=folder, timeout=DEADLINE,
                            env={**os.environ, "LC_ALL": "C.UTF-8"}, stdin=subprocess.DEVNULL,
                            stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8", check=False)
    equal(result.returncode, status, result.stderr)
    return (result.stdout or "").splitlines(), result.stderr.splitlines()


def check_json(folder, *arguments, status=0):
    lines, stderr = check(folder, "--json", *arguments, status=status)
    return [json.loads(line) for line in lines], stderr


def equal(found, expected, more=""):
    assert found == expected, f"found {found!r}, expected {expected!r} {more}"


def expect_lines(lines, *expected):
    """As many lines as that, each with its words, in this order."""
    equal(len(lines), len(expected), str(lines))
    for line, words in zip(lines, expected):
        for word in words:
            assert word in line, f"“{word}” is not in: {line}"


# The command line

@tap.case("--help, man page and completions know check and its options")
def test_documented():
    lines, _ = check(ROOT, "--help")
    text = "\n".join(lines)
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    equal(options, {"--help", "--json", "--quiet"})
    assert "extension-host check" in text and "Exit status" in text, text
    for file in ("extension-host.1", "completions/extension-host"):
        page = (ROOT / "data" / file).read_text(encoding="utf-8").replace("\\-", "-")
        assert "extension-host check" in page or "_extension_host_check" in page, file
        equal(options - set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page)), set(), file)
    commands = subprocess.run([TOOL, "--help"], capture_output=True, encoding="utf-8", check=True)
    assert re.search(r"^  check ", commands.stdout, re.MULTILINE), commands.stdout


@tap.case("the completion offers files, folders and options")
@in_folder
def test_completion(folder):
    if not shutil.which("bash"):
        raise tap.Skip("there is no bash")
    write(folder, good="")
    (folder / "other.txt").touch()
    (folder / "hosts").mkdir()
    script = (f"source '{ROOT}/data/completions/extension-host'\n"
              "compopt () { :; }\n"
              "complete_words () { COMP_WORDS=(extension-host \"$@\"); COMP_CWORD=$#\n"
              "  _extension_host; printf '%s ' \"${COMPREPLY[@]}\"; echo; }\n"
              "complete_words ch\ncomplete_words check ''\ncomplete_words check --q\n"
              "complete_words check good.exthost ho\n")
    result = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True,
                            encoding="utf-8", check=True)
    equal([line.split() for line in result.stdout.splitlines()],
          [["check"], ["hosts", "good.exthost"], ["--quiet"], ["hosts"]], result.stderr)


@tap.case("wrong usage gives status 2, a message and a hint")
def test_usage():
    for arguments, word in (([], "No file"), (["--json"], "No file"), (["--wings", "x"], "--wings")):
        lines, stderr = check(ROOT, *arguments, status=2)
        equal(lines, [])
        expect_lines(stderr, ["error: ", word], ["hint: ", "check --help"])


# One file

@tap.case("a file without a mistake is printed with the id of its host")
@in_folder
def test_good(folder):
    write(folder, search="", named="Id=the id\n")
    equal(check(folder, "search.exthost"), (["search.exthost: search"], []))
    path = str(folder / "named.exthost")
    equal(check(folder, path), ([f"{path}: the id"], []))
    equal(check(folder, "--quiet", "named.exthost"), ([], []))
    equal(check(folder, "-q", "--json", "named.exthost"), ([], []))


@tap.case("nothing is started")
@in_folder
def test_nothing_started(folder):
    (folder / "touch.exthost").write_text("[Extension Host]\nExec=touch started\n"
                                          f"WorkingDirectory={folder}\nProtocol=none\n")
    check(folder, "touch.exthost")
    check(folder, ".")
    equal(os.listdir(folder), ["touch.exthost"])


@tap.case("a mistake is told on stderr with file, line and key, and gives status 1")
@in_folder
def test_bad(folder):
    file = folder / "bad.exthost"
    for line in ("Restart=often", "Rastert=always", "TermTimeout=5", "HandshakeParams={}"):
        file.write_text(f"{GOOD}\n{line}\n", encoding="utf-8")
        for options in ([], ["--quiet"]):
            lines, stderr = check(folder, *options, "bad.exthost", status=1)
            equal(lines, [])
            expect_lines(stderr, [f"error: {file}:4: key “{line.partition('=')[0]}”: "])


@tap.case("what cannot be read is an error, and a FIFO is not waited for")
@in_folder
def test_unreadable(folder):
    os.mkfifo(folder / "fifo.exthost")
    (folder / "dangling.exthost").symlink_to("nowhere")
    (folder / "empty").mkdir()
    files, stderr = check_json(folder, "none.exthost", "dangling.exthost", "fifo.exthost", "empty",
                               status=1)
    equal([(f["ok"], f["id"], f["code"]) for f in files],
          [(False, None, "not-found"), (False, None, "not-found"), (False, None, "invalid-spec"),
           (False, None, "not-found")])
    expect_lines(stderr, ["none.exthost: there is no such file"], ["dangling.exthost"], ["fifo.exthost", "regular"],
                 ["no *.exthost file in “empty”"])


@tap.case("a list that cannot be written is not taken for a good one")
@in_folder
def test_full(folder):
    if not os.path.exists("/dev/full"):
        raise tap.Skip("there is no /dev/full")
    write(folder, a="")
    with open("/dev/full", "w", encoding="utf-8") as full:
        _, stderr = check(folder, "a.exthost", status=1, stdout=full)
    expect_lines(stderr, ["Cannot write"])


# Several

@tap.case("good files are printed beside bad ones, in the order that they were given in")
@in_folder
def test_several(folder):
    write(folder, b="", a="")
    (folder / "bad.exthost").write_text(BAD)
    lines, stderr = check(folder, "b.exthost", "bad.exthost", "a.exthost", status=1)
    equal(lines, ["b.exthost: b", "a.exthost: a"])
    expect_lines(stderr, ["bad.exthost:4: key “Rastert”"])


@tap.case("a folder is all its files, sorted, without hidden and other ones")
@in_folder
def test_folder(folder):
    hosts = folder / "hosts"
    hosts.mkdir()
    write(hosts, b="", a="", B="")
    for name in (".hidden.exthost", "a.exthost~", "#a.exthost#", "a.exthost.bak", "README"):
        (hosts / name).write_text(BAD)
    (hosts / "folder.exthost").mkdir()
    os.mkfifo(hosts / "fifo.exthost")
    (hosts / "link.exthost").symlink_to("../elsewhere")
    (folder / "elsewhere").write_text(GOOD)
    expected = [f"hosts/{name}.exthost: {name}" for name in ("B", "a", "b", "link")]
    equal(check(folder, "hosts"), (expected, []))
    equal(check(folder, "hosts/"), (expected, []))
    # What is given twice is no rival of itself.
    equal(check(folder, "hosts", "hosts/a.exthost", "./hosts"), (expected, []))


@tap.case("an id that two files have is an error of the second")
@in_folder
def test_same_id(folder):
    write(folder, a="", b="Name=B\nId=a\n")
    files, stderr = check_json(folder, ".", status=1)
    equal([(f["ok"], f["id"], f.get("code")) for f in files],
          [(True, "a", None), (False, "a", "exists")])
    expect_lines(stderr, [f"error: {folder}/b.exthost:4: key “Id”: ", "“a”", "./a.exthost"])
    # Here it is the name of the file.
    _, stderr = check(folder, "b.exthost", "a.exthost", status=1)
    expect_lines(stderr, [f"error: {folder}/a.exthost: ", "“a”", "b.exthost"])
    # Nobody else is there.
    check(folder, "b.exthost")


@tap.case("an unknown id in After is a warning, if there are others to look at")
@in_folder
def test_unknown_after(folder):
    write(folder, a="\n  After = b;c\n", b="")
    lines, stderr = check(folder, "a.exthost", "b.exthost")
    equal(lines, ["a.exthost: a", "b.exthost: b"])
    expect_lines(stderr, [f"warning: {folder}/a.exthost:4: key “After”: ", "“c”"])
    files, _ = check_json(folder, ".")
    equal([(f["ok"], len(f["warnings"])) for f in files], [(True, 1), (True, 0)])
    equal(check(folder, "a.exthost"), (["a.exthost: a"], []))
    _, stderr = check(folder, "--quiet", ".")
    expect_lines(stderr, ["warning: "])
    # Its id may be the one that is missing.
    (folder / "bad.exthost").write_text(BAD)
    _, stderr = check(folder, ".", status=1)
    expect_lines(stderr, ["bad.exthost:4"])


@tap.case("hosts that wait for each other in a circle are an error")
@in_folder
def test_circle(folder):
    write(folder, a="After=b\n", b="After=d;c\n", c="After=d;a\n", d="", e="After=a\n")
    files, stderr = check_json(folder, ".", status=1)
    equal([f["id"] for f in files if not f["ok"]], ["a"])
    equal(files[0]["code"], "dependency")
    expect_lines(stderr, [f"{folder}/a.exthost:3: key “After”: ", "“a” → “b” → “c” → “a”"])
    write(folder, c="After=d\n")
    check(folder, ".")


# For scripts

@tap.case("--json prints an object a file, with its error and its code")
@in_folder
def test_json(folder):
    write(folder, a="")
    (folder / "bad.exthost").write_text(BAD)
    files, stderr = check_json(folder, "a.exthost", "bad.exthost", status=1)
    equal(files[0], {"file": "a.exthost", "ok": True, "id": "a", "warnings": []})
    equal({key: files[1][key] for key in ("file", "ok", "id", "code", "warnings")},
          {"file": "bad.exthost", "ok": False, "id": None, "code": "invalid-spec", "warnings": []})
    equal(stderr, [f"extension-host: error: {files[1]['error']}"])


@tap.case("names from foreign hands neither control the terminal nor break the JSON")
@in_folder
def test_odd_names(folder):
    for name in (b"\xff\x1b[31m\n\".exthost", "\u009bx.exthost".encode()):
        with open(os.fsencode(folder) + b"/" + name, "w", encoding="utf-8") as file:
            file.write(GOOD + "Id=x" + str(len(name)) + "\n")
    lines, _ = check(folder, ".")
    equal(len(lines), 2)
    for line in lines:
        assert line.isprintable(), repr(line)
    lines, _ = check(folder, "--json", ".")
    equal(len(lines), 2)
    for line in lines:
        assert line.isprintable(), repr(line)
    equal(json.loads(lines[1])["file"], "./\ufffd\x1b[31m\n\".exthost")


tap.run()
