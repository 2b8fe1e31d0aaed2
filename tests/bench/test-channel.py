#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmarks of the channel in small, so that they do not rot: every client in C talks to its echo
host, verifies the answers, and prints what the driver understands. No figure is judged.

BENCH_BUILD names the folder with the programs.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import plan
import tap

BUILD = pathlib.Path(os.environ["BENCH_BUILD"])
CLIENTS = [client for client in plan.CLIENTS if not client.program.endswith(".mjs")
           and (BUILD / client.program).exists()]
# One that is written in a read, and one that takes many
SIZES = [50, 64 * 1024]


def drive(*options, build=BUILD):
    """The driver, as it is used, with only what is built with the tree."""
    return subprocess.run(
        [sys.executable, plan.HERE / "run.py", "--quick", "--rounds=1", "--seconds=0.01",
         "--mode=free", "--json=-", f"--build={build}", *options],
        capture_output=True, text=True, check=False)


def figures(run):
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def verified(records, client, measure, size):
    """How many answers were right."""
    found = [record for record in records if record["client"] == client and
             record["measure"] == measure and record["size"] == size and
             "idle_hosts" not in record]
    assert found, f"{client} says nothing about the {measure} of {size} B"
    figure = found[0].get("p50", found[0].get("value"))
    assert figure > 0, found[0]

    return found[0]["n"]


@tap.case("every client in C calls, verifies the answers and reports")
def test_clients():
    found = figures(drive("--only=round-trip", "--only=throughput",
                          *[f"--client={client.name}" for client in CLIENTS],
                          *[f"--size={size}" for size in SIZES]))

    for client in CLIENTS:
        for size in SIZES:
            for measure in ("round-trip", "throughput"):
                n = verified(found["records"], client.name, measure, size)
                assert n >= 5, f"{client.name}: only {n} answers of {size} B"
    assert not found["left_out"], found["left_out"]


@tap.case("hosts and deadlines beside the measured one are told apart from it")
def test_beside():
    found = figures(drive("--only=idle-hosts", f"--client={plan.BYTES}", "--size=50"))
    beside = [(record.get("idle_hosts"), record.get("pending")) for record in found["records"]
              if record["measure"] == "round-trip"]

    assert beside == [(1, None), (3, None), (1, plan.PENDING)], beside


@tap.case("the tables name the clients, the limit and the targets")
def test_markdown():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "table.md")
        figures(drive("--only=round-trip", f"--client={plan.LIMIT}", f"--client={plan.BYTES}",
                      "--size=50", "--mode=pinned", f"--markdown={path}"))
        text = path.read_text(encoding="utf-8")

    for wanted in (plan.find(plan.LIMIT).label, plan.find(plan.BYTES).label, "(×1.00)",
                   "round trip of 50 B, bytes: limit"):
        assert wanted in text, text


@tap.case("a client that is not built is left out and named")
def test_left_out():
    with tempfile.TemporaryDirectory() as folder:
        build = pathlib.Path(folder, "tests", "bench")
        build.mkdir(parents=True)
        for name in ("echo-host", "client-limit"):
            (build / name).symlink_to(BUILD / name)
        found = figures(drive("--only=round-trip", f"--client={plan.LIMIT}", "--client=glib",
                              "--size=50", build=build))

    assert verified(found["records"], plan.LIMIT, "round-trip", 50) >= 5
    assert "not built" in found["left_out"]["glib"], found["left_out"]


LIAR = """#!/bin/sh
'{host}' "$@" | '{python}' -c '
import os
while data := os.read(0, 65536):
    os.write(1, data.replace(b"pqrst", b"pq_st"))'
"""


@tap.case("a wrong answer ends the run, whichever client gets it")
def test_wrong_answer():
    for client in CLIENTS:
        if client.host == "echo-dbus":
            continue   # one descriptor in both directions: nothing can stand between
        with tempfile.TemporaryDirectory() as folder:
            build = pathlib.Path(folder, "tests", "bench")
            build.mkdir(parents=True)
            (build / client.program).symlink_to(BUILD / client.program)
            liar = build / client.host
            liar.write_text(LIAR.format(host=BUILD / client.host, python=sys.executable),
                            encoding="utf-8")
            liar.chmod(0o755)
            run = drive("--only=round-trip", f"--client={client.name}", "--size=50", build=build)

        assert run.returncode != 0, f"{client.name} takes a wrong answer for a right one"
        assert "a wrong answer" in run.stderr, run.stderr


tap.run()
