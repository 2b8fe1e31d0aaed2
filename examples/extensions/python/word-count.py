# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the words of a document that the application holds.

Shows how a command asks the application for something: the application offers the method document/get, with
{"text": "…"} as its answer.
"""


def activate(context):
    async def count(arguments, _call):
        document = await context.call("document/get", {"document": arguments["document"]}, timeout=5)
        text = document["text"]
        return {"words": len(text.split()), "lines": text.count("\n"), "characters": len(text)}

    context.register_command("count", count)
