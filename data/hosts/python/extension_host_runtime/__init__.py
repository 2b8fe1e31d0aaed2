# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host runtime for extensions in Python. The program extension-host-python runs it."""
