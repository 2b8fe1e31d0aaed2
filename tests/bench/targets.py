# SPDX-License-Identifier: LGPL-2.1-or-later
"""The targets: what the figures of one run are to say, all on one core."""

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


def verdicts(results):
    """One for each target that this run says something about."""
    found = []
    for check in (_against_limit, _ahead_of_peers, _throughput, _idle):
        found += [verdict for verdict in check(results) if verdict]

    return found
