# SPDX-License-Identifier: LGPL-2.1-or-later
"""The targets: what the figures of one run are to say. Those of messages are about one core."""

import dataclasses

import plan

MODE = "pinned"
NAMES = {50: "50 B", 1024: "1 KiB", 64 * 1024: "64 KiB", 1024 * 1024: "1 MiB"}


@dataclasses.dataclass
class Verdict:
    """How near a target came."""
    target: str
    reached: bool
    figure: str


def _at_most(text, ratio, most):
    return Verdict(f"{text} ≤ {most} ×", ratio <= most, f"{ratio:.2f} ×") if ratio else None


def _at_least(text, ratio, least, whom):
    return Verdict(f"{text} ≥ {least} × {whom}", ratio >= least, f"{ratio:.1f} ×") if ratio else None


def _measurement(client, measure, size, **beside):
    return dict(client=client, mode=MODE, measure=measure, size=size, **beside)


def _against_limit(results):
    for client, api, most in ((plan.BYTES, "bytes", 1.9), (plan.NODE_API, "JsonNode", 2.5)):
        yield _at_most(f"round trip of 50 B, {api}: limit",
                       results.ratio(_measurement(client, "round-trip", 50),
                                     _measurement(plan.LIMIT, "round-trip", 50)), most)


def _ahead(results, client, peers, size, whom):
    best = results.best(peers, MODE, "round-trip", size)
    if not best:
        return None
    ratio = results.ratio(_measurement(client, "round-trip", size),
                          _measurement(best, "round-trip", size))
    if not ratio:
        return None

    return Verdict(f"round trip of {NAMES.get(size, size)}, {whom}", ratio < 1,
                   f"{ratio:.2f} × {best}")


def _ahead_of_peers(results):
    for size in results.sizes("round-trip"):
        yield _ahead(results, plan.BYTES, plan.PEERS, size, "bytes: ahead of every peer")
        whom, peers = ("every peer", plan.PEERS) if size == 50 else ("every GLib peer", plan.GLIB_PEERS)
        yield _ahead(results, plan.NODE_API, peers, size, f"JsonNode: ahead of {whom}")


def _throughput(results):
    for client, api, size, peers, least, whom in (
            (plan.BYTES, "bytes", 50, plan.PEERS, 12, "the best peer"),
            (plan.NODE_API, "JsonNode", 50, plan.PEERS, 3, "the best peer"),
            (plan.BYTES, "bytes", 64 * 1024, plan.JSON_PEERS, 8, "the best JSON peer")):
        best = results.best(peers, MODE, "throughput", size)
        if best:
            yield _at_least(f"pipelined {NAMES[size]}, {api}",
                            results.ratio(_measurement(client, "throughput", size),
                                          _measurement(best, "throughput", size)),
                            least, f"{whom} ({best})")


def _idle(results):
    one = _measurement(plan.BYTES, "round-trip", 50, idle_hosts=1)
    many = _measurement(plan.BYTES, "round-trip", 50, idle_hosts=1000)
    pending = _measurement(plan.BYTES, "round-trip", 50, idle_hosts=1, pending=plan.PENDING)

    yield _at_most("round trip beside 1 000 idle hosts: beside one", results.ratio(many, one), 1.2)
    yield _at_most("round trip beside 1 000 pending deadlines: beside none",
                   results.ratio(pending, one), 1.1)


def _figure(results, measure, name="p50", **beside):
    """That of this library, in a run of its own. Circumstances that are not named are any."""
    for record in results.records:
        if record["mode"] == "supervision" and record["measure"] == measure and \
                record["client"] == "library" and name in record and \
                all(record.get(key) == value for key, value in beside.items()):
            return record[name]

    return None


def _limit(results, text, unit, most, measure, name="p50", **beside):
    figure = _figure(results, measure, name, **beside)

    return None if figure is None else Verdict(f"{text} ≤ {most} {unit}", figure <= most,
                                               f"{figure:.3g} {unit}")


def _starts_and_ends(results):
    large = max((record["heap-gib"] for record in results.records if "heap-gib" in record), default=0)
    start = _figure(results, "start-call", **{"heap-gib": 0})

    yield _limit(results, "start()", "µs", 600, "start-call", **{"heap-gib": 0})
    if start and large:
        yield _at_most(f"start() with a heap of {large:.3g} GiB: with none",
                       _figure(results, "start-call", **{"heap-gib": large}) / start, 1.5)
    yield _limit(results, "kill to the first instruction of the next", "µs", 4000, "kill-to-restart")
    for hosts in (1, 100, 1000):
        yield _limit(results, f"exit to `state-changed`, {hosts} hosts alive", "µs", 400,
                     "exit-to-signal", hosts=hosts)
    yield _limit(results, "transition to its receipt on the bus, 99 %", "µs", 5000,
                 "transition-to-receipt", "p99")


def _at_rest(results):
    yield _limit(results, "an idle host in the application", "KiB", 8, "memory-application", "value",
                 published=0)
    yield _limit(results, "an idle host in the shim", "KiB", 400, "memory-shim")
    for record in results.records:
        if record["measure"] == "idle-wakeups" and not record["published"]:
            health = f"{record['ticks']} ticks" if record["health"] else "health off"
            wakeups = round(record["value"]) - 1   # one is that which ends the measurement
            yield Verdict(f"wake-ups a minute ≤ {record['ticks']}, {record['hosts']} hosts, {health}",
                          wakeups <= record["ticks"], f"{wakeups}")


def _smoothness(results):
    for load, text in (("notifications", "notifications of four hosts"),
                       ("stderr", "100 MiB of stderr"), ("replies", "replies of 16 MiB, JsonNode")):
        for name, part, most in (("p99", "99 %", 3), ("max", "the worst", 10)):
            yield _limit(results, f"lateness beside {text}, {part}", "ms", most, "smoothness", name,
                         load=load)


def verdicts(results):
    """One for each target that this run says something about."""
    found = []
    for check in (_against_limit, _ahead_of_peers, _throughput, _idle, _starts_and_ends, _at_rest,
                  _smoothness):
        found += [verdict for verdict in check(results) if verdict]

    return found
