# SPDX-License-Identifier: LGPL-2.1-or-later
import sys

from .main import main

if __name__ == "__main__":
    sys.exit(main())
