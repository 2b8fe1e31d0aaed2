# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whose code is running: follows an extension into its tasks, callbacks and threads."""

import contextvars
from typing import Any, NamedTuple

_current = contextvars.ContextVar("extension-host scope", default=None)


class Scope(NamedTuple):
    extension: Any
    job: Any  # the request of the application that the extension works on


def current_scope():
    return _current.get()


def scope_in(context):
    """The scope in a copied context."""
    return context.get(_current)


def run_in(scope, function, *args):
    def enter():
        _current.set(scope)
        return function(*args)

    return contextvars.copy_context().run(enter)
