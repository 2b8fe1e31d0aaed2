# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the path of an extension to its module."""

import importlib.util
import itertools
import os
import re
import sys
from importlib.machinery import SourceFileLoader

_numbers = itertools.count(1)


class _FreshLoader(SourceFileLoader):
    """Compiles the source anew: the cache takes a file for unchanged that was changed within a second."""

    def path_stats(self, path):
        raise OSError("there is no cache")


def resolve(path):
    """The file of an extension: itself, or the one that makes a folder a package."""
    file = os.path.join(path, "__init__.py") if os.path.isdir(path) else path
    if not os.path.exists(file):
        raise FileNotFoundError(f"There is no “{file}”")
    return os.path.abspath(file)


def load(file):
    """Imports it under a name of its own, so that it can be repaired and loaded again."""
    folder, base = os.path.split(file)
    is_package = base == "__init__.py"
    stem = os.path.basename(folder) if is_package else os.path.splitext(base)[0]
    name = f"extension_{next(_numbers)}_" + re.sub(r"\W", "_", stem)
    spec = importlib.util.spec_from_file_location(
        name, file, loader=_FreshLoader(name, file),
        submodule_search_locations=[folder] if is_package else None)
    module = importlib.util.module_from_spec(spec)

    # Dataclasses, pickle and relative imports look for it here.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        if not callable(getattr(module, "activate", None)):
            raise AttributeError(f"“{file}” has no function activate()")
    except BaseException:
        unload(name)
        raise
    return module


def unload(name):
    for known in list(sys.modules):
        if known == name or known.startswith(name + "."):
            del sys.modules[known]
