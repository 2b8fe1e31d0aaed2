# SPDX-License-Identifier: LGPL-2.1-or-later
"""Walks a folder and counts what is in it.

Shows a long command: it is a plain function and therefore runs in a thread of its own, where it may wait for the
disk; it reports how far it is and stops when it is cancelled.
"""

import os
import time

REPORT_SECONDS = 0.1


def index(context, root, cancelled):
    found = {"files": 0, "bytes": 0, "types": {}}
    waiting = [root]
    folders = 0
    reported = 0.0

    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if cancelled.is_set():
                    return None
                # A symbolic link is neither, so that there are no circles.
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    add(found, entry)

        folders += 1
        if time.monotonic() - reported > REPORT_SECONDS:
            context.status(f"{found['files']} files in {folders} folders",
                           folders / (folders + len(waiting) + 1))
            reported = time.monotonic()

    context.status(f"{found['files']} files in {folders} folders", 1)
    return found


def add(found, entry):
    suffix = os.path.splitext(entry.name)[1]
    found["files"] += 1
    found["bytes"] += entry.stat(follow_symlinks=False).st_size
    found["types"][suffix] = found["types"].get(suffix, 0) + 1


def activate(context):
    context.register_command(
        "index", lambda arguments, call: index(context, arguments["folder"], call.cancelled))
