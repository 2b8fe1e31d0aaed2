#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the library beside the limit and beside what an application would use instead.

All clients take turns in each round, so that whatever else the machine does befalls all of them, and
what is told is the median of the rounds. tests/bench/README.md says what each figure is.
"""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys

import plan
import results
import tables
import targets

DEADLINE = 120              # s, of a client
SUPERVISION_DEADLINE = 900


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", metavar="FOLDER", type=pathlib.Path,
                        default=plan.ROOT / "_build" / "tests" / "bench",
                        help="where the programs are (_build/tests/bench)")
    parser.add_argument("--npm", metavar="FOLDER", type=pathlib.Path,
                        help="where packages of npm are put (bench-npm in the build folder)")
    parser.add_argument("--json", metavar="FILE", help="write all figures there; - is stdout")
    parser.add_argument("--markdown", metavar="FILE",
                        help="write the tables there; - is stdout, and the default")
    parser.add_argument("--readme", metavar="FILE", type=pathlib.Path,
                        help="write a short table there, between the comments made for it")
    parser.add_argument("--rounds", metavar="N", type=int, help="how many (5; quick: 1)")
    parser.add_argument("--seconds", metavar="S", type=float,
                        help="how long each client is measured in a round (0.4; quick: 0.05)")
    parser.add_argument("--quick", action="store_true",
                        help="a moment of each: whether it works, not how fast")
    parser.add_argument("--mode", choices=["pinned", "free", "both"], default="both",
                        help="one core, or all of them (both)")
    parser.add_argument("--only", metavar="WHAT", action="append", choices=plan.GROUPS, default=[],
                        help=f"one of {', '.join(plan.GROUPS)}; repeatable")
    parser.add_argument("--client", metavar="NAME", action="append", default=[],
                        choices=[client.name for client in plan.CLIENTS],
                        help="only this one; repeatable")
    parser.add_argument("--size", metavar="BYTES", action="append", type=int, default=[],
                        choices=plan.SIZES, help="only this one; repeatable")
    options = parser.parse_args()

    options.build = options.build.resolve()
    options.npm = (options.npm or options.build.parents[1] / "bench-npm").resolve()
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.seconds = options.seconds or (0.05 if options.quick else 0.4)
    if not options.build.is_dir():
        parser.error(f"there is no {options.build}: build first, or name the folder with --build")

    return options


def tell(text):
    """What is going on, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


class Driver:
    """Runs the jobs, round after round."""

    def __init__(self, options):
        self.options = options
        self.results = results.Results()
        self.env = plan.environment(options.build)
        self.cores = os.sched_getaffinity(0)

    def _wants(self, group):
        return not self.options.only or group in self.options.only

    def _pin(self, mode):
        """Children inherit it: client, host and all their threads are on the same core."""
        os.sched_setaffinity(0, {max(self.cores)} if mode == "pinned" else self.cores)

    def _jobs(self):
        options = self.options
        idle_hosts = [1, 3] if options.quick else plan.IDLE_HOSTS
        for job in plan.jobs(options.size or plan.SIZES, idle_hosts, options.client):
            if self._wants(job.group):
                yield job

    def _run_job(self, job, mode, number):
        if job.client.name in self.results.left_out:
            return
        try:
            command = job.command(self.options.build, self.options.npm)
            # A program that is compiled while it runs gets the time for it, and so do all.
            command += [f"--seconds={self.options.seconds}", f"--warm-up={self.options.seconds}"]
            if self.options.quick:
                command += ["--count=20"]
            self.results.add(plan.run(command, self.env, DEADLINE), mode, number)
        except plan.LeftOut as reason:
            self.results.left_out[job.client.name] = str(reason)
            tell(f"  left out: {job.client.name}: {reason}")
        except RuntimeError as problem:
            raise SystemExit(f"run.py: {job.describe()}: {problem}") from None

    def _run_round(self, mode, number):
        tell(f"{tables.MODES[mode]}: round {number} of {self.options.rounds}")
        for job in self._jobs():
            self._run_job(job, mode, number)

    def _run_supervision(self):
        for program in plan.supervision_programs(self.options.build):
            tell(f"{program.name}")
            command = [str(program)] + (["--quick"] if self.options.quick else [])
            try:
                self.results.add(plan.run(command, self.env, SUPERVISION_DEADLINE), "supervision", 1)
            except RuntimeError as problem:
                self.results.left_out[program.name] = str(problem)
                tell(f"  left out: {program.name}: {problem}")

    def run(self):
        modes = ["pinned", "free"] if self.options.mode == "both" else [self.options.mode]
        for number in range(1, self.options.rounds + 1):
            for mode in modes:
                self._pin(mode)
                self._run_round(mode, number)
        self._pin("free")
        if self._wants("supervision") and not self.options.client and not self.options.size:
            self._run_supervision()

        return self.results


def ask_version(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "none"


def describe_machine(options):
    model = next((line.split(":", 1)[1].strip() for line in
                  pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
                  if line.startswith("model name")), platform.machine())

    return (f"{os.cpu_count()} cores of {model}, Linux {platform.release()}, "
            f"GLib {ask_version('pkg-config', '--modversion', 'glib-2.0')}, "
            f"json-glib {ask_version('pkg-config', '--modversion', 'json-glib-1.0')}, "
            f"Node {ask_version('node', '--version').lstrip('v')}; "
            f"medians of {options.rounds} rounds of {options.seconds} s each.")


def write(path, text):
    if path == "-":
        print(text)
    else:
        pathlib.Path(path).write_text(text + "\n", encoding="utf-8")


def main():
    options = parse_arguments()
    found = Driver(options).run()
    verdicts = targets.verdicts(found)
    machine = describe_machine(options)

    if options.json:
        write(options.json, json.dumps({
            "machine": machine,
            "medians": found.medians(),
            "targets": [vars(verdict) for verdict in verdicts],
            "left_out": found.left_out,
            "records": found.records,
        }, indent=1))
    if options.markdown or options.json != "-":
        write(options.markdown or "-", tables.markdown(found, verdicts, machine))
    if options.readme:
        options.readme.write_text(tables.replace_summary(
            options.readme.read_text(encoding="utf-8"), tables.summary(found, verdicts, machine)),
            encoding="utf-8")
    for verdict in verdicts:
        tell(f"{'reached' if verdict.reached else 'NOT reached':12}{verdict.target}: {verdict.figure}")


if __name__ == "__main__":
    main()
