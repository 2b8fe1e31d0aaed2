# SPDX-License-Identifier: LGPL-2.1-or-later
"""A screen, a keyboard, a mouse and a session bus that nobody else uses.

The screen is a file that the server draws into, so that looking at it costs the program nothing.
"""

import ctypes
import ctypes.util
import mmap
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
sys.path.insert(0, str(ROOT / "tests" / "dbus"))

from dbus_run import Bus  # pylint: disable=wrong-import-position

DEADLINE = 60
WIDTH, HEIGHT = 1280, 800
SETTINGS = """[Settings]
gtk-cursor-blink=false
gtk-enable-animations=false
"""


def explain_missing():
    """Why there can be no desktop here; None if there can."""
    if shutil.which("Xvfb") is None:
        return "no Xvfb"
    if ctypes.util.find_library("Xtst") is None:
        return "no libXtst"
    return None


class Screen:
    """See XWDFile.h for the header of the file."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        header = struct.unpack(">25I", self._map[:100])
        self._start = header[0] + 12 * header[19]
        self._stride = header[12]

    def close(self):
        self._map.close()

    def read(self, x, y, width, height):
        """The rows of a part, four bytes a pixel."""
        first = self._start + y * self._stride + 4 * x
        return [self._map[first + row * self._stride:first + row * self._stride + 4 * width]
                for row in range(height)]

    def save(self, path, width, height):
        """As PNG, from the corner at the top left."""
        def chunk(kind, data):
            return (struct.pack(">I", len(data)) + kind + data +
                    struct.pack(">I", zlib.crc32(kind + data)))
        rows = b""
        for row in self.read(0, 0, width, height):
            rgb = bytearray(3 * width)
            rgb[0::3], rgb[1::3], rgb[2::3] = row[2::4], row[1::4], row[0::4]
            rows += b"\0" + rgb
        pathlib.Path(path).write_bytes(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


class Input:
    """Keys and clicks, as if by hand."""

    def __init__(self, display):
        self._x11 = ctypes.CDLL(ctypes.util.find_library("X11"))
        self._xtst = ctypes.CDLL(ctypes.util.find_library("Xtst"))
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._display = ctypes.c_void_p(self._x11.XOpenDisplay(display.encode()))
        assert self._display, f"cannot open {display}"

    def close(self):
        self._x11.XCloseDisplay(self._display)

    def press(self, character):
        code = self._x11.XKeysymToKeycode(self._display, ctypes.c_ulong(ord(character)))
        for down in (1, 0):
            self._xtst.XTestFakeKeyEvent(self._display, code, down, ctypes.c_ulong(0))
        self._x11.XFlush(self._display)

    def click(self, x, y):
        self._xtst.XTestFakeMotionEvent(self._display, -1, x, y, ctypes.c_ulong(0))
        for down in (1, 0):
            self._xtst.XTestFakeButtonEvent(self._display, 1, down, ctypes.c_ulong(0))
        self._x11.XFlush(self._display)


class Desktop:
    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="extension-host-desktop-"))
        self.bus = Bus().__enter__()
        reader, writer = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{WIDTH}x{HEIGHT}x24",
             "-fbdir", str(self.folder), "-nolisten", "tcp", "-noreset"],
            pass_fds=[writer], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            display = ":" + pipe.readline().strip()
        assert display != ":", "Xvfb does not start"
        self.screen = Screen(self.folder / "Xvfb_screen0")
        self.input = Input(display)
        self.environment = self._make_environment(display)
        return self

    def _make_environment(self, display):
        settings = self.folder / "config" / "gtk-4.0" / "settings.ini"
        settings.parent.mkdir(parents=True)
        settings.write_text(SETTINGS, encoding="utf-8")
        runtime = self.folder / "runtime"
        runtime.mkdir(mode=0o700)
        return {
            **self.bus.environment,
            "AT_SPI_BUS_ADDRESS": self.bus.address,
            "DISPLAY": display,
            "GDK_BACKEND": "x11",
            "GSK_RENDERER": "cairo",
            "GTK_A11Y": "atspi",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_RUNTIME_DIR": str(runtime),
        }

    def __exit__(self, kind, value, trace):
        self.input.close()
        self.screen.close()
        self._server.terminate()
        self._server.wait(DEADLINE)
        self.bus.__exit__(kind, value, trace)
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait_change(self, area, before, seconds=DEADLINE):
        """How long it takes until a part of the screen is not as before, in s."""
        start = time.monotonic()
        while self.screen.read(*area) == before:
            assert time.monotonic() < start + seconds, f"nothing changes at {area}"
            time.sleep(0.001)
        return time.monotonic() - start
