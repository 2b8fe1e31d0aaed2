# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lines for the log of the application, with the extension that they are of."""

from .scope import current_scope


class Log:
    """May be written to from any thread."""

    def __init__(self, peer):
        self._peer = peer

    def write(self, level, text, extension=None):
        if extension is None and current_scope() is not None:
            extension = current_scope().extension
        # str.splitlines() knows many more ends of lines than the log does.
        for line in (text[:-1] if text.endswith("\n") else text).split("\n"):
            params = {"level": level, "text": line}
            if extension is not None:
                params["extension"] = extension.id
            self._peer.notify("host/log", params)
