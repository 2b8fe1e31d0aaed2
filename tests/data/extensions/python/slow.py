# SPDX-License-Identifier: LGPL-2.1-or-later
"""Neither its activation nor, when that is let through, its deactivation comes to an end."""

import asyncio


async def activate(context):
    if not context.id.startswith("stuck"):
        await context.call("probe/go")


async def deactivate():
    print("never done")
    await asyncio.sleep(3600)
