#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts the cases in gjs-cases.js, where there is a GJS."""

import os
import pathlib
import shutil
import sys

if not shutil.which("gjs"):
    print("TAP version 13")
    print("1..0 # SKIP there is no gjs in PATH")
    sys.exit(0)

os.execvp("gjs", ["gjs", "-m", str(pathlib.Path(__file__).with_name("gjs-cases.js"))])
