# SPDX-License-Identifier: LGPL-2.1-or-later
"""A session bus of its own and applications on it, for tests of the command extension-host.

TOOL_APP and FAKE_APP name the applications, EXTENSION_HOST_TOOL the command.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import tap  # pylint: disable=wrong-import-position

from tool_run import DEADLINE, Tool  # pylint: disable=wrong-import-position

APP = os.environ.get("TOOL_APP", "tool-app")
FAKE = os.environ.get("FAKE_APP", "fake-app")

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


# It says so after 2 s, in which a busy machine may not let the application run.
SILENT = re.compile(r"\(process (\d+)\) did not answer within")
ATTEMPTS = 5


def is_stopped(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except FileNotFoundError:
        return True


class App:
    """See tool-app.c and fake-app.c."""

    def __init__(self, bus, *arguments):
        self.process = subprocess.Popen(arguments, env=bus.environment, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, encoding="utf-8")
        assert self.process.stdout.readline() == "ready\n", f"{arguments} did not get ready"

    @property
    def pid(self):
        return self.process.pid

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def stop(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.close()
        self.process.wait(DEADLINE)
        self.process.stdout.close()


class Bus:
    """On leaving, the applications end before it does."""

    def __enter__(self):
        if not shutil.which("dbus-daemon"):
            raise tap.Skip("there is no dbus-daemon")
        self.folder = tempfile.mkdtemp(prefix="extension-host-bus-")
        config = pathlib.Path(self.folder, "bus.conf")
        config.write_text(CONFIG.format(folder=self.folder), encoding="utf-8")
        self.daemon = subprocess.Popen(["dbus-daemon", f"--config-file={config}", "--nofork",
                                        "--print-address=1"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       encoding="utf-8")
        self.address = self.daemon.stdout.readline().strip()
        self.environment = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": self.address}
        self.apps = []
        return self

    def __exit__(self, kind, value, trace):
        try:
            for app in self.apps:
                app.stop()
        finally:
            self.daemon.kill()
            self.daemon.wait()
            self.daemon.stdout.close()
            shutil.rmtree(self.folder)

    def start(self, app_id, access, *hosts):
        """An application with these hosts."""
        self.apps.append(App(self, APP, app_id, access, *hosts))
        return self.apps[-1]

    def fake(self, app_id, *arguments):
        """One with the host “odd”, which says what it likes."""
        self.apps.append(App(self, FAKE, f"{app_id}.ExtensionHosts", *arguments))
        return self.apps[-1]

    def end(self, app):
        self.apps.remove(app)
        app.stop()

    def tool(self, *arguments, environment=None, **options):
        return Tool(*arguments, environment={"DBUS_SESSION_BUS_ADDRESS": self.address,
                                             **(environment or {})}, **options)

    def run(self, *arguments, status=0, environment=None):
        """The lines of stdout, and stderr. Asked again if an application was silent because the machine
        is busy."""
        for left in reversed(range(ATTEMPTS)):
            with self.tool(*arguments, environment=environment) as tool:
                tool.read_rest()
                tool.process.wait(DEADLINE)
                stderr = tool.stderr
                silent = [int(pid) for pid in SILENT.findall(stderr)]
                if left == 0 or not silent or any(is_stopped(pid) for pid in silent):
                    tool.expect_status(status)
                    break
        return tool.lines, stderr

    def run_json(self, *arguments, status=0):
        lines, stderr = self.run(*arguments, "--json", status=status)
        return [json.loads(line) for line in lines], stderr
