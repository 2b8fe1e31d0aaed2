# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example extensions, which are the same for all host runtimes."""

import resource
import time

from guides import DOCS, blocks
from runtime import equal, expect
from runtime_kind import case, folder

MARKDOWN = (
    ("", ""),
    ("# Title\n\nText", "<h1>Title</h1>\n<p>Text</p>\n"),
    ("### Third ###", "<h3>Third</h3>\n"),
    ("#no heading", "<p>#no heading</p>\n"),
    ("one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>\n"),
    ("*a* **b** ***c*** _d_ __e__",
     "<p><em>a</em> <strong>b</strong> <strong><em>c</em></strong> <em>d</em> <strong>e</strong></p>\n"),
    ("2 * 3 * 4, snake_case_name", "<p>2 * 3 * 4, snake_case_name</p>\n"),
    ("`a < *b*`", "<p><code>a &lt; *b*</code></p>\n"),
    ("```c\nif (a < b)\n  *a;\n```\nend",
     '<pre><code class="language-c">if (a &lt; b)\n  *a;\n</code></pre>\n<p>end</p>\n'),
    ("```\nopen", "<pre><code>open\n</code></pre>\n"),
    ("- one\n- *two*\n\ntext", "<ul>\n<li>one</li>\n<li><em>two</em></li>\n</ul>\n<p>text</p>\n"),
    ("1. one\n2. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>\n"),
    ("[a *b*](https://example.org/?a=1&b=2)",
     '<p><a href="https://example.org/?a=1&amp;b=2">a <em>b</em></a></p>\n'),
    ("[x](javascript:alert(1)", "<p>[x](javascript:alert(1)</p>\n"),
    ("[x](javascript:alert)", "<p>x</p>\n"),
    ('<b>"&"</b>', "<p>&lt;b&gt;&quot;&amp;&quot;&lt;/b&gt;</p>\n"),
    (r"\*a\* \`b\`", "<p>*a* `b`</p>\n"),
)


@case("the extension of the guide that asks its application does what it says")
def test_guide(kind):
    language = {"node": "js", "python": "python"}[kind.name]
    asking = next(block for block in blocks(DOCS / "extensions.md")
                  if block.language == language and "user/get" in block.text)
    with folder() as path, kind.run() as runtime:
        (path / f"asking{kind.suffix}").write_text(asking.text, encoding="utf-8")
        runtime.methods["user/get"] = lambda params: {"salutation": {"Ada": "Countess"}[params["name"]]}
        equal(runtime.activate(path / f"asking{kind.suffix}"), {"commands": ["greet"]})
        equal(runtime.command("greet", {"name": "Ada"}), "Hello, Countess Ada")
        runtime.request("extension/deactivate", {"id": "e"})
        expect(runtime.notification("host/log")["text"], "bye")


@case("example: word-count")
def test_word_count(kind):
    with kind.run() as runtime:
        runtime.methods["document/get"] = lambda params: {
            "text": {"poem": "Über allen Gipfeln\nist Ruh,\n\n"}[params["document"]]}
        equal(runtime.activate(kind.example("word-count")), {"commands": ["count"]})
        equal(runtime.command("count", {"document": "poem"}),
              {"words": 5, "lines": 3, "characters": 29})
        error = runtime.failed_command("count", {"document": "novel"})
        equal(error["code"], -32000)
        expect(error["message"], "novel")


@case("an error of the application is not the caller's mistake, whatever its code")
def test_passed_on(kind):
    def refuse(_params):
        error = LookupError("no such document")
        error.code = -32602
        raise error
    with kind.run() as runtime:
        runtime.methods["document/get"] = refuse
        runtime.activate(kind.example("word-count"))
        error = runtime.failed_command("count", {"document": "poem"})
        equal((error["code"], error["message"]), (-32000, "no such document"))


@case("example: markdown")
def test_markdown(kind):
    with kind.run() as runtime:
        runtime.activate(kind.example("markdown"))
        for text, html in MARKDOWN:
            equal(runtime.command("render", {"text": text}), {"html": html})
        for arguments in (None, [], {}, {"text": 1}):
            equal(runtime.failed_command("render", arguments),
                  {"code": -32602, "message": "“text” has to be a string"})


@case("example: indexer")
def test_indexer(kind):
    with folder() as path, kind.run() as runtime:
        for name in ("a.txt", "b/c.txt", "b/d/e.bin"):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text("x" * 10, encoding="utf-8")
        (path / "b" / "loop").symlink_to(path)
        runtime.activate(kind.example("indexer"))
        equal(runtime.command("index", {"folder": str(path)}),
              {"files": 3, "bytes": 30, "types": {".bin": 1, ".txt": 2}})
        shown = runtime.notification("host/status", progress=1)
        expect(shown["text"], "3 files")
        equal(runtime.failed_command("index", {"folder": str(path / "none")})["code"], -32000)


def leave_no_core():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@case("example: crasher")
def test_crasher(kind):
    with kind.run(preexec_fn=leave_no_core) as runtime:
        runtime.notification("host/ready")
        runtime.request("extension/activate", {"id": "e", "path": str(kind.example("crasher"))})
        runtime.expect_exit(-6)


@case("example: troublemaker")
def test_troublemaker(kind):
    with kind.run(preexec_fn=leave_no_core) as runtime:
        equal(sorted(runtime.activate(kind.example("troublemaker"))["commands"]), ["crash", "flood", "hang"])
        lines = runtime.command("flood", {"seconds": 0.1})["lines"]
        assert lines > 100, lines
        expect(runtime.log("line 100 of a flood")["text"], "line 100 of a flood")

        runtime.request_command("crash")
        runtime.expect_exit(-6)


@case("example: troublemaker takes the event loop with it")
def test_hang(kind):
    with kind.run() as runtime:
        runtime.activate(kind.example("troublemaker"))
        runtime.request_command("hang")

        def answers():
            ping = runtime.request("ping")
            time.sleep(0.5)
            return any(message.get("id") == ping for message in runtime.pending())

        # The first may come before the command.
        assert not (answers() and answers()), "it answers"
        equal(runtime.process.poll(), None)
