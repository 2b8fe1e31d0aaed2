#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed library and command speak the languages that there are translations for, wherever the tree is."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import tap  # pylint: disable=wrong-import-position
from installed import BUILD, ROOT, Installed, need, run  # pylint: disable=wrong-import-position

LANGUAGES = re.sub(r"#.*", "", (ROOT / "po" / "LINGUAS").read_text(encoding="utf-8")).split()
# A command that does not exist, and a program that does not
COMMANDS = {"de": "Es gibt keinen Befehl „nonsense“",
            "es": "No hay ninguna orden «nonsense»",
            "fr": "Il n’y a pas de commande «\u00a0nonsense\u00a0»",
            "pt_BR": "Não há comando “nonsense”",
            "zh_CN": "没有命令“nonsense”"}
PROGRAMS = {"de": "Programm „/nonsense“ nicht gefunden",
            "es": "no se encontró el programa «/nonsense»",
            "fr": "programme «\u00a0/nonsense\u00a0» introuvable",
            "pt_BR": "programa “/nonsense” não encontrado",
            "zh_CN": "找不到程序“/nonsense”"}
HELP = {"de": "Befehle:", "es": "Órdenes:", "fr": "Commandes\u00a0:", "pt_BR": "Comandos:", "zh_CN": "命令："}

# The library alone: the program binds no domain and has no translation of its own.
C_PROGRAM = """
#include <extension-host.h>
#include <locale.h>

int
main (void)
{
  const char *argv[] = { "/nonsense", NULL };
  g_autoptr(ExtensionHostSpec) spec = NULL;
  g_autoptr(ExtensionHostProcess) host = NULL;
  g_autoptr(GError) error = NULL;

  setlocale (LC_ALL, "");
  spec = extension_host_spec_new ("my-host", argv);
  host = extension_host_process_new (spec);
  if (extension_host_process_start (host, &error) &&
      extension_host_process_wait_ready (host, NULL, &error))
    return 1;

  g_print ("%s\\n", error->message);
  return 0;
}
"""

SCRATCH = tempfile.TemporaryDirectory(prefix="extension-host-translations-")
_trees = []


def tree():
    if not _trees:
        _trees.append(Installed(pathlib.Path(SCRATCH.name) / "tree"))
        need("msgfmt")
        # LANGUAGE is heeded in any locale but “C”; this one is there without a language being installed.
        charmap = subprocess.run(["locale", "charmap"], env={**os.environ, "LC_ALL": "C.UTF-8"}, text=True,
                                 capture_output=True, check=False).stdout.strip()
        if charmap != "UTF-8":
            raise tap.Skip("there is no locale “C.UTF-8”")
    return _trees[0]


def each(expected, command, status):
    """Runs COMMAND in every language, and looks for what is EXPECTED in that."""
    wrong = []
    assert sorted(expected) == sorted(LANGUAGES), "a language has no text here"
    for language, text in expected.items():
        done = subprocess.run(command, env=tree().environment(LANGUAGE=language), text=True, capture_output=True,
                              timeout=60, check=False)
        assert done.returncode == status, f"{language}: status {done.returncode}: {done.stderr}"
        if text not in done.stdout + done.stderr:
            wrong.append(f"{language}: “{text}” is not in: {done.stdout}{done.stderr}")
    assert not wrong, "\n".join(wrong)


@tap.case("each translation is installed where gettext looks for it")
def test_places():
    localedir = tree().prefix / tree().options["localedir"]
    found = {path.parent.parent.name for path in localedir.glob("*/LC_MESSAGES/extension-host-1.mo")}
    assert found == set(LANGUAGES), found


@tap.case("the command shows its help and its errors in each language")
def test_command():
    command = tree().program("extension-host")
    each(HELP, [command, "--help"], 0)
    each(COMMANDS, [command, "nonsense"], 2)


@tap.case("the command shows errors of the library in each language")
def test_command_and_library():
    each(PROGRAMS, [tree().program("extension-host"), "run", "--restart=never", "--", "/nonsense"], 1)


@tap.case("the library tells an application that knows nothing of it in each language")
def test_library():
    source = pathlib.Path(SCRATCH.name) / "language.c"
    source.write_text(C_PROGRAM, encoding="utf-8")
    each(PROGRAMS, [tree().compile(source, source.with_suffix(""))], 0)


@tap.case("without a language all is in English")
def test_english():
    command = tree().program("extension-host")
    assert "Commands:" in run([command, "--help"], env=tree().environment(LANGUAGE=""))


if not BUILD:
    print("1..0 # SKIP EXTENSION_HOST_BUILD_ROOT is not set")
    sys.exit(0)
tap.run()
