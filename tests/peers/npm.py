# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packages of npm, as published, in a folder of the build."""

import json
import os
import pathlib
import shutil
import signal
import subprocess

# What is tested against. A change of it is a change of the tests: see that they pass.
VERSIONS = {
    "@modelcontextprotocol/server-everything": "2026.8.31",
    "@modelcontextprotocol/server-filesystem": "2026.8.31",
    "@modelcontextprotocol/server-memory": "2026.8.31",
}

FOLDER = pathlib.Path(os.environ.get("EXTENSION_HOST_PEERS", "_build/peers")).resolve()
DEADLINE = 120
# Its own defaults amount to minutes where there is no network. What is in its cache is not asked for.
OPTIONS = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--prefer-offline",
           "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000"]


class Unavailable(Exception):
    """The packages cannot be had here; the text says why."""


def find_installed(package):
    try:
        text = (FOLDER / "node_modules" / package / "package.json").read_text(encoding="utf-8")
        return json.loads(text).get("version")
    except (OSError, ValueError):
        return None


def is_complete():
    """npm writes that lock last."""
    return (FOLDER / "node_modules" / ".package-lock.json").exists() and \
        all(find_installed(package) == version for package, version in VERSIONS.items())


def explain(output):
    """The first line in which npm says what is wrong, and not how it is called."""
    lines = [line.removeprefix("npm error").removeprefix("npm ERR!").strip()
             for line in output.splitlines() if line.startswith(("npm error", "npm ERR!"))]
    for line in lines:
        if line and not line.startswith(("code ", "errno ", "syscall ")):
            return line
    return " ".join(lines) or "it does not say why"


def install():
    """Does nothing if all is there, which then needs no network."""
    if is_complete():
        return
    if not shutil.which("node") or not shutil.which("npm"):
        raise Unavailable("there is no node or no npm")

    FOLDER.mkdir(parents=True, exist_ok=True)
    packages = [f"{package}@{version}" for package, version in VERSIONS.items()]
    with subprocess.Popen(["npm", "install", "--prefix", str(FOLDER), *OPTIONS, *packages],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, errors="replace",
                          start_new_session=True) as process:
        try:
            _, output = process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise Unavailable(f"npm was not done after {DEADLINE} s") from None

    if process.returncode != 0:
        raise Unavailable(f"npm: {explain(output)}")
    if not is_complete():
        raise Unavailable("npm has installed something else")
