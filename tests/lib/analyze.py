#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs static analyzers on sources as the build compiles them.

usage: analyze.py --analyzers "gcc clang" SOURCE BUILD [FILE…]

The last line is “N passed, N failed, N skipped”, counting files; the status is 1 if one failed.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

FOLDERS = {
    "gcc": ["src/shim"],
    "clang": ["src/extension-host", "src/shim", "src/tool"],
}
COMMANDS = {
    "gcc": ["gcc", "-fanalyzer", "-Werror", "-o", "/dev/null"],
    "clang": ["clang", "--analyze", "-Qunused-arguments",
              "-Xclang", "-analyzer-output=text", "-Xclang", "-analyzer-werror"],
}

# It reads what the optimization left over, and that may be without the mistake.
LAST = ["-O0", "-fdiagnostics-color=never"]

# What clang is wrong about, and what else would find it if it were right once.
WITHOUT = [
    # It does not know of __attribute__ ((cleanup)): to steal from a g_autoptr looks useless.
    "deadcode.DeadStores",
    # The shim shares its memory with the child on purpose, and that one never returns: launch.c.
    "security.insecureAPI.vfork",
    "unix.Vfork",
]
# For the same reason each g_autofree is a leak. The address sanitizer looks for those; double frees
# and uses after free are reported here.
WRONG = re.compile(r"error: Potential leak of memory pointed to by .* \[unix\.Malloc\]")
FINDING = re.compile(r": (fatal )?error: ")
SUMMARY = re.compile(r"\d+ errors? generated\.")


def arguments_of(entry):
    """Of the compiler, without its name, and without what it is to write."""
    words = shlex.split(entry["command"])[1:]
    kept = []
    while words:
        word = words.pop(0)
        if word in ("-o", "-MF", "-MQ"):
            words.pop(0)
        elif word != "-MD":
            kept.append(word)
    return kept


def find_jobs(source, build, analyzers, wanted):
    """The missing analyzers are in the second result, as many times as there are files for them."""
    jobs, skipped = [], 0

    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        path = pathlib.Path(os.path.normpath(build / entry["file"]))
        if not path.is_relative_to(source) or path.is_relative_to(build):
            continue
        name = str(path.relative_to(source))
        if wanted and name not in wanted:
            continue
        for analyzer, folders in FOLDERS.items():
            if str(pathlib.PurePath(name).parent) not in folders:
                continue
            if analyzer not in analyzers or shutil.which(COMMANDS[analyzer][0]) is None:
                skipped += 1
            else:
                jobs.append((analyzer, name, entry))

    return jobs, skipped


def findings(output):
    """What was said, a finding and its way there each, without what is wrong."""
    kept, keeps = [], True
    for line in output.splitlines():
        if FINDING.search(line):
            keeps = not WRONG.search(line)
        if keeps and not SUMMARY.fullmatch(line):
            kept.append(line)
    return kept


def analyze(build, job):
    analyzer, name, entry = job
    command = COMMANDS[analyzer] + arguments_of(entry) + LAST
    if analyzer == "clang":
        command += ["-Xclang", "-analyzer-disable-checker", "-Xclang", ",".join(WITHOUT)]
    result = subprocess.run(command, cwd=build, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False)
    found = findings(result.stdout)
    # One that ended without a word has failed, too.
    good = not found and (result.returncode == 0 or result.stdout)
    return analyzer, name, good, "\n".join(found)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--analyzers", default="gcc clang")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()

    build = arguments.build.resolve()
    jobs, skipped = find_jobs(arguments.source.resolve(), build, arguments.analyzers.split(),
                              arguments.files)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for analyzer, name, good, found in pool.map(lambda job: analyze(build, job), jobs):
            if not good:
                print(f"{found}\nFAILED: {name}, by {analyzer}", flush=True)
                failed += 1

    print(f"{len(jobs) - failed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
