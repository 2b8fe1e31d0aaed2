# SPDX-License-Identifier: LGPL-2.1-or-later
"""The errors of the protocol, and what becomes of an exception in it."""

import os
import traceback

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
EXTENSION_FAILED = -32000
CANCELLED = -32800


class RpcError(Exception):
    """What the runtime itself answers. Whatever else is raised was raised by an extension."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class ApplicationError(Exception):
    """What the application answered to a call of an extension."""

    def __init__(self, error):
        super().__init__(str(error.get("message", "")))
        self.code = error.get("code")
        self.data = error.get("data")


class ExitError(Exception):
    """sys.exit() in an extension, which cannot end its host."""

    def __init__(self, error):
        super().__init__(f"sys.exit({getattr(error, 'code', '')!r}) was called: "
                         "an extension cannot end its host")


def message_of(error):
    try:
        return str(error) or type(error).__name__
    except Exception:  # pylint: disable=broad-except
        return type(error).__name__  # what is raised may fail to tell of itself


def traceback_of(error):
    """Begins where the runtime called the extension."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_HERE):
        trace = trace.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, trace))
    except Exception:  # pylint: disable=broad-except
        return type(error).__name__


def _is_complaint(error):
    """A command finds fault with its arguments: the caller has made the mistake, and no traceback helps him. What the
    application answered to the command, and was not caught there, is the command's own mistake.
    """
    try:
        return not isinstance(error, ApplicationError) and error.code == INVALID_PARAMS
    except Exception:  # pylint: disable=broad-except
        return False


def to_reply(error):
    if isinstance(error, RpcError):
        return {"code": error.code, "message": message_of(error)}
    if _is_complaint(error):
        return {"code": INVALID_PARAMS, "message": message_of(error)}
    return {"code": EXTENSION_FAILED, "message": message_of(error),
            "data": {"traceback": traceback_of(error)}}
