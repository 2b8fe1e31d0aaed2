# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same as ticker.mjs: counts, says so on stdout, and leaves when its input is closed."""

import platform
import select
import sys
import time


def main():
    print(f"ticker on Python {platform.python_version()}", file=sys.stderr, flush=True)

    ticks = 0
    due = time.monotonic() + 0.5
    while True:
        readable, _, _ = select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))
        if readable and not sys.stdin.buffer.raw.read(4096):
            break
        if time.monotonic() >= due:
            due += 0.5
            ticks += 1
            # A pipe is buffered unless it is flushed.
            print(f"tick {ticks}", flush=True)

    print(f"leaving after {ticks} ticks", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
