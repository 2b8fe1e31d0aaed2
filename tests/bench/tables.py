# SPDX-License-Identifier: LGPL-2.1-or-later
"""The figures in Markdown."""

import plan
import targets

TITLES = {
    "round-trip": "Round trip, µs: median of the calls / their 99th percentile (× the limit)",
    "throughput": "Pipelined, messages/s (part of the limit)",
    "cpu": "Processor time of the application, µs per message",
}
BEGIN = "<!-- begin: written by tests/bench/run.py --readme -->"
END = "<!-- end -->"
MODES = {
    "pinned": "client and host pinned to one core",
    "free": "client and host free on all cores",
}


def _number(value):
    """Three digits that matter, or all those before the point, in groups of three."""
    if value >= 100:
        return f"{value:,.0f}".replace(",", " ")
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def _part(ratio):
    return f"{ratio:.0%}" if ratio >= 0.1 else f"{ratio:.1%}"


def _head(sizes, extra=None):
    names = [targets.NAMES.get(size, f"{size} B") + (extra(size) if extra else "") for size in sizes]

    return ["| | " + " | ".join(names) + " |", "|---|" + "--:|" * len(sizes)]


def _cell(results, medians, wanted, shows_ratio):
    record = next((m for m in medians if all(m.get(name) == value for name, value in wanted.items())
                   and "idle_hosts" not in m), None)
    if record is None:
        return "–"

    text = _number(record.get("p50", record.get("value")))
    if "p99" in record:
        text += f" / {_number(record['p99'])}"
    ratio = results.ratio(wanted, dict(wanted, client=plan.LIMIT)) if shows_ratio else None
    if ratio:
        text += f" ({_part(ratio)})" if wanted["measure"] == "throughput" else f" (×{_number(ratio)})"

    return text


def _channel_table(results, medians, mode, measure, clients, **beside):
    sizes = results.sizes("throughput" if measure == "throughput" else "round-trip")
    lines = _head(sizes, (lambda size: f", {plan.IN_FLIGHT.get(size, '?')} in flight")
                  if measure == "throughput" else None)

    for client in clients:
        cells = []
        for size in sizes:
            in_flight = plan.IN_FLIGHT.get(size) if beside.get("pipelined") or \
                measure == "throughput" else 1
            wanted = {"client": client.name, "mode": mode, "measure": measure, "size": size,
                      "in_flight": in_flight}
            cells.append(_cell(results, medians, wanted, measure != "cpu"))
        if any(cell != "–" for cell in cells):
            lines.append(f"| {client.label} | " + " | ".join(cells) + " |")

    return lines if len(lines) > 2 else []


def _idle_table(medians, mode):
    lines = ["| idle hosts beside it | pending deadlines | µs, median / 99 % |", "|--:|--:|--:|"]
    for record in sorted((m for m in medians if m["mode"] == mode and "idle_hosts" in m
                          and m["measure"] == "round-trip"),
                         key=lambda m: (m.get("pending", 0), m["idle_hosts"])):
        lines.append(f"| {record['idle_hosts']} | {record.get('pending', 0)} | "
                     f"{_number(record['p50'])} / {_number(record['p99'])} |")

    return lines if len(lines) > 2 else []


def _supervision_table(medians):
    known = {"measure", "client", "mode", "rounds", "unit", *("value", "p50", "p99", "max", "n")}
    lines = ["| measure | of | circumstances | figure | unit |", "|---|---|---|--:|---|"]
    for record in medians:
        if record["mode"] != "supervision":
            continue
        beside = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in record.items()
                           if name not in known)
        figures = " / ".join(f"{name} {_number(record[name])}" if name != "value"
                             else _number(record[name])
                             for name in ("value", "p50", "p99", "max") if name in record)
        lines.append(f"| {record['measure']} | {record.get('client', '')} | {beside} | {figures} | "
                     f"{record.get('unit', '')} |")

    return lines if len(lines) > 2 else []


def _section(title, lines):
    return [f"**{title}**", "", *lines, ""] if lines else []


def _share_of_json_glib(results, mode):
    """How near the JsonNode API comes to the Node peers, and how much of it is json-glib's."""
    lines = ["| | " + " | ".join(["round trip, µs", "of that json-glib", "best of Node, µs"]) + " |",
             "|---|--:|--:|--:|"]
    for size in results.sizes("round-trip"):
        wanted = {"mode": mode, "measure": "round-trip", "size": size}
        ours = results.figure(client=plan.NODE_API, **wanted)
        alone = results.figure(client=plan.JSON_GLIB, **wanted)
        best = results.best(plan.NODE_PEERS, mode, "round-trip", size)
        if not ours or not alone:
            continue
        other = f"{_number(results.figure(client=best, **wanted))} ({best})" if best else "–"
        lines.append(f"| {targets.NAMES.get(size, size)} | {_number(ours)} | "
                     f"{_number(alone)} ({alone / ours:.0%}) | {other} |")

    return lines if len(lines) > 2 else []


def _mode(results, medians, mode):
    return [
        f"### {MODES[mode].capitalize()}", "",
        *_section(TITLES["round-trip"],
                  _channel_table(results, medians, mode, "round-trip", plan.CLIENTS)),
        *_section(TITLES["throughput"],
                  _channel_table(results, medians, mode, "throughput", plan.CLIENTS)),
        *_section(TITLES["cpu"] + ", one at a time",
                  _channel_table(results, medians, mode, "cpu", plan.CLIENTS)),
        *_section(TITLES["cpu"] + ", pipelined",
                  _channel_table(results, medians, mode, "cpu", plan.CLIENTS, pipelined=True)),
        *_section("The share of json-glib in the JsonNode API", _share_of_json_glib(results, mode)),
        *_section("Round trip of 50 B (bytes) beside hosts that do nothing",
                  _idle_table(medians, mode)),
    ]


def verdict_table(verdicts):
    lines = ["| target | figure | |", "|---|--:|---|"]
    lines += [f"| {verdict.target} | {verdict.figure} | "
              f"{'reached' if verdict.reached else '**not reached**'} |" for verdict in verdicts]

    return lines if verdicts else []


def _short_row(results, client, mode, measure):
    cells = []
    for size in results.sizes(measure):
        figure = results.figure(client=client.name, mode=mode, measure=measure, size=size,
                                in_flight=plan.IN_FLIGHT[size] if measure == "throughput" else 1)
        cells.append("–" if figure is None else _number(figure))

    return cells


def summary(results, verdicts, machine):
    """For the README: medians on one core, and how many of the targets were reached."""
    mode = targets.MODE
    sizes = results.sizes("round-trip")
    lines = ["| | " + " | ".join(f"{targets.NAMES[size]}, µs" for size in sizes) + " | "
             + " | ".join(f"{targets.NAMES[size]}, per s" for size in sizes) + " |",
             "|---|" + "--:|" * 2 * len(sizes)]
    for client in plan.CLIENTS:
        cells = _short_row(results, client, mode, "round-trip") + \
            _short_row(results, client, mode, "throughput")
        if any(cell != "–" for cell in cells):
            lines.append(f"| {client.label} | " + " | ".join(cells) + " |")
    reached = sum(verdict.reached for verdict in verdicts)

    return "\n".join([*lines, "", f"{machine} {reached} of {len(verdicts)} targets were reached."])


def replace_summary(text, table):
    """@text with what is between the two comments replaced."""
    begin, rest = text.split(BEGIN)
    _, end = rest.split(END)

    return f"{begin}{BEGIN}\n{table}\n{END}{end}"


def markdown(results, verdicts, machine):
    medians = results.medians()
    lines = ["# Figures", "", machine, "[README.md](README.md) says how they are taken.", ""]

    for mode in results.modes():
        if mode in MODES:
            lines += _mode(results, medians, mode)
    lines += _section("Supervision", _supervision_table(medians))
    lines += _section("Targets", verdict_table(verdicts))
    if results.left_out:
        lines += ["Left out: " + "; ".join(f"{name} ({why})"
                                           for name, why in results.left_out.items()) + ".", ""]

    return "\n".join(lines)
