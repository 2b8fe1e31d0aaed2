# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes its whole host down when it is activated, as a bug in native code would.

Shows what a manager is for: the host comes back, with all other extensions, and this one is set aside.
"""

import os


def activate(_context):
    os.abort()
