#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scan says of each document in tests/data/json what it should, and what Python and Node say.

valid and invalid hold what RFC 8259 decides; either what it leaves to the implementation, with our
decision below. JSON_VERDICT is the program of json-verdict.c.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "lib"))

import tap  # pylint: disable=wrong-import-position

CORPUS = TESTS / "data" / "json"
MIN_DOCUMENTS = 150

# By the first word of the name. Bad text is repaired for json-glib, so it is valid and noted.
EITHER = {
    "bom": "not-json",
    "nesting": "too-deep",
    "surrogate": "valid repair",
    "surrogates": "valid repair",
    "utf": "valid repair",
    "repair": "valid repair nul",
}

NODE = """
const fs = require('fs');
for (const path of fs.readFileSync(0, 'utf8').split('\\n')) {
  let verdict = 'valid';
  try { JSON.parse(fs.readFileSync(path, 'utf8')); } catch { verdict = 'invalid'; }
  console.log(verdict);
}
"""


def documents(folder):
    found = sorted((CORPUS / folder).glob("*.json"))
    assert found, f"{CORPUS / folder} is empty"
    return found


def ask(command, paths, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=True,
                          **options)
    lines = done.stdout.splitlines()
    assert len(lines) == len(paths), f"{len(lines)} answers to {len(paths)} documents"
    return dict(zip(paths, lines))


def scan(paths):
    return ask([os.environ["JSON_VERDICT"], *map(str, paths)], paths)


def python_takes(path):
    def refuse(name):
        raise ValueError(f"{name} is not JSON")

    try:
        json.loads(path.read_bytes().decode("utf-8"), parse_constant=refuse)
    except ValueError:
        return False
    return True


def expect(wrong):
    assert not wrong, "\n".join(wrong)


@tap.case(f"there are {MIN_DOCUMENTS} documents")
def test_size():
    found = [path for folder in ("valid", "invalid", "either") for path in documents(folder)]
    assert len(found) >= MIN_DOCUMENTS, len(found)


@tap.case("what is JSON is valid")
def test_valid():
    found = scan(documents("valid"))
    expect([f"{path.name}: {verdict}" for path, verdict in found.items()
            if not verdict.startswith("valid ") or "repair" in verdict])


@tap.case("what is no JSON is refused")
def test_invalid():
    found = scan(documents("invalid"))
    expect([f"{path.name}: {verdict}" for path, verdict in found.items()
            if verdict not in ("not-json", "trailing")])


@tap.case("what is left to us is as we decided")
def test_either():
    wrong = []
    for path, verdict in scan(documents("either")).items():
        words = verdict.split()
        found = " ".join(words[:1] + words[2:])   # without the kind of document
        expected = EITHER[path.name.partition("-")[0]]
        if found != expected:
            wrong.append(f"{path.name}: {found}, not {expected}")
    expect(wrong)


@tap.case("a second document is told from a mistake")
def test_trailing():
    found = scan([path for path in documents("invalid")
                  if "after-document" in path.name or path.name.startswith("two-")])
    expect([f"{path.name}: {verdict}" for path, verdict in found.items()
            if verdict != "trailing"])


@tap.case("NUL and duplicates are noted, and nowhere else")
def test_notes():
    noted = {path.stem: verdict.split()[2:] for path, verdict in scan(documents("valid")).items()
             if len(verdict.split()) > 2}
    assert noted == {
        "string-escape-nul": ["nul"],
        "string-escape-nul-between": ["nul"],
        "object-duplicate-id": ["duplicates"],
    }, noted


@tap.case("Python agrees on all that the RFC decides")
def test_python():
    expect([f"{path.name}: Python takes it for valid" for path in documents("invalid")
            if python_takes(path)] +
           [f"{path.name}: Python refuses it" for path in documents("valid")
            if not python_takes(path)])


@tap.case("Node agrees on all that the RFC decides")
def test_node():
    node = shutil.which("node")
    if node is None:
        raise tap.Skip("there is no node")

    paths = documents("valid") + documents("invalid")
    found = ask([node, "-e", NODE], paths, input="\n".join(map(str, paths)))
    expect([f"{path.name}: Node says {verdict}" for path, verdict in found.items()
            if verdict != path.parent.name])


@tap.case("Node takes what we repair")
def test_node_either():
    node = shutil.which("node")
    if node is None:
        raise tap.Skip("there is no node")

    paths = [path for path in documents("either")
             if "repair" in EITHER[path.name.partition("-")[0]]]
    found = ask([node, "-e", NODE], paths, input="\n".join(map(str, paths)))
    expect([f"{path.name}: Node says {verdict}" for path, verdict in found.items()
            if verdict != "valid"])


tap.run()
