# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keeps the streams of the host out of the reach of extensions."""

import os


def _is_open(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def take_descriptors():
    """Moves stdin and stdout to descriptors that no child inherits; they are returned.

    What an extension, C code in it or its children find on 0 is empty, and what they write to 1 is
    log, as on 2.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        if not _is_open(fd):
            os.dup2(null, fd)

    moved = os.dup(0), os.dup(1)
    os.dup2(null, 0)
    os.dup2(2, 1)
    if null > 2:
        os.close(null)
    return moved
