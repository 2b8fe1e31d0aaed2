# SPDX-License-Identifier: LGPL-2.1-or-later
"""Turns Markdown into HTML: headings, paragraphs, emphasis, code, lists and links.

Shows a command that only computes, and what has to be done with text that comes from elsewhere: all of it is escaped,
and links lead nowhere but to the web, to a mail address or to a relative place.
"""

import html
import re
from collections import deque

FENCE = re.compile(r"```\s*(\S*)\s*$")
FENCE_END = re.compile(r"```\s*$")
HEADING = re.compile(r"(#{1,6})\s+(.*?)(?:\s+#+)?\s*$")
BULLET = re.compile(r" {0,3}[-*+]\s+(.*)$")
NUMBER = re.compile(r" {0,3}\d+[.)]\s+(.*)$")
BLANK = re.compile(r"\s*$")

SAFE_LINK = re.compile(r"https?:|mailto:|[^:]*$", re.IGNORECASE)

# In the order in which they are tried at each place.
INLINE = re.compile("|".join((
    r"\\(?P<escaped>[!-/:-@\[-`{-~])",
    r"(?P<ticks>`+)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)",
    r"\[(?P<text>[^\]]*)\]\((?P<target>[^()\s]*)\)",
    r"\*\*\*(?=\S)(?P<both>.+?)(?<=\S)\*\*\*",
    r"\*\*(?=\S)(?P<strong>.+?)(?<=\S)\*\*",
    r"(?<!\w)__(?=\S)(?P<strong_>.+?)(?<=\S)__(?!\w)",
    r"\*(?=\S)(?P<em>.+?)(?<=\S)\*",
    r"(?<!\w)_(?=\S)(?P<em_>.+?)(?<=\S)_(?!\w)",
)), re.DOTALL)


def escape(text):
    return html.escape(text, quote=False).replace('"', "&quot;")


def render_match(match):
    found = {name: text for name, text in match.groupdict().items() if text is not None}
    if "escaped" in found:
        return escape(found["escaped"])
    if "code" in found:
        return f"<code>{escape(found['code'])}</code>"
    if "target" in found:
        text = render_inline(found["text"])
        return f'<a href="{escape(found["target"])}">{text}</a>' if SAFE_LINK.match(found["target"]) else text
    if "both" in found:
        return f"<strong><em>{render_inline(found['both'])}</em></strong>"
    (name, text), = found.items()
    tag = name.rstrip("_")
    return f"<{tag}>{render_inline(text)}</{tag}>"


def render_inline(text):
    rendered, end = "", 0
    for match in INLINE.finditer(text):
        rendered += escape(text[end:match.start()]) + render_match(match)
        end = match.end()
    return rendered + escape(text[end:])


def take_fence(lines):
    language = FENCE.match(lines.popleft())[1]
    code = []
    while lines and not FENCE_END.match(lines[0]):
        code.append(lines.popleft() + "\n")
    if lines:
        lines.popleft()
    attribute = f' class="language-{escape(language)}"' if language else ""
    return f"<pre><code{attribute}>{escape(''.join(code))}</code></pre>\n"


def take_heading(lines):
    marks, text = HEADING.match(lines.popleft()).groups()
    return f"<h{len(marks)}>{render_inline(text)}</h{len(marks)}>\n"


def take_list(lines, tag, item):
    items = []
    while lines and item.match(lines[0]):
        items.append(f"<li>{render_inline(item.match(lines.popleft())[1])}</li>\n")
    return f"<{tag}>\n{''.join(items)}</{tag}>\n"


def take_paragraph(lines):
    text = [lines.popleft().strip()]
    while lines and not any(begin.match(lines[0]) for begin in (BLANK, FENCE, HEADING, BULLET, NUMBER)):
        text.append(lines.popleft().strip())
    joined = "\n".join(text)
    return f"<p>{render_inline(joined)}</p>\n"


def take_block(lines):
    if FENCE.match(lines[0]):
        return take_fence(lines)
    if HEADING.match(lines[0]):
        return take_heading(lines)
    if BULLET.match(lines[0]):
        return take_list(lines, "ul", BULLET)
    if NUMBER.match(lines[0]):
        return take_list(lines, "ol", NUMBER)
    return take_paragraph(lines)


def render(text):
    lines = deque(text.replace("\r\n", "\n").split("\n"))
    blocks = []
    while lines:
        if BLANK.match(lines[0]):
            lines.popleft()
        else:
            blocks.append(take_block(lines))
    return "".join(blocks)


class InvalidArguments(ValueError):
    code = -32602  # with this the caller is told that the mistake is his


def run(arguments, _call):
    text = arguments.get("text") if isinstance(arguments, dict) else None
    if not isinstance(text, str):
        raise InvalidArguments("“text” has to be a string")
    return {"html": render(text)}


def activate(context):
    context.register_command("render", run)
