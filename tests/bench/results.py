# SPDX-License-Identifier: LGPL-2.1-or-later
"""What came out: records of all rounds, and their medians."""

import collections
import statistics

FIGURES = {"value", "p50", "p99", "max", "n"}


def _key(record):
    """All that says which measurement it is: in which mode, of what, under which circumstances."""
    return tuple(sorted((name, value) for name, value in record.items()
                        if name not in FIGURES and name != "round"))


def main_figure(record):
    return record["p50"] if "p50" in record else record["value"]


class Results:
    """Records are what the programs print, with the mode and the round added."""

    def __init__(self):
        self.records = []
        self.left_out = {}      # name of a client: why

    def add(self, records, mode, number):
        self.records += [dict(record, mode=mode, round=number) for record in records]

    def medians(self):
        groups = collections.defaultdict(list)
        for record in self.records:
            groups[_key(record)].append(record)

        return [dict(dict(key), rounds=len(group),
                     **{name: statistics.median(record[name] for record in group if name in record)
                        for name in sorted(FIGURES & group[0].keys())})
                for key, group in groups.items()]

    def _rounds(self, **wanted):
        """The figure of one measurement in each round. What is not asked for must not be there."""
        wanted = {"idle_hosts": None, "pending": None, **wanted}
        return {record["round"]: main_figure(record) for record in self.records
                if all(record.get(name) == value for name, value in wanted.items())
                and ("value" in record or "p50" in record)}

    def figure(self, **wanted):
        """The median, or None if there is none."""
        figures = self._rounds(**wanted)

        return statistics.median(figures.values()) if figures else None

    def ratio(self, wanted, to):
        """How many times the one is the other: the median of the ratios within each round, which what
        drifts in the machine does not touch. None if there is none."""
        figures, others = self._rounds(**wanted), self._rounds(**to)
        ratios = [figures[number] / others[number] for number in figures if number in others]

        return statistics.median(ratios) if ratios else None

    def best(self, clients, mode, measure, size):
        """The name of the best of the clients, or None."""
        figures = {client: self.figure(client=client, mode=mode, measure=measure, size=size)
                   for client in clients}
        figures = {client: figure for client, figure in figures.items() if figure is not None}
        if not figures:
            return None
        choose = max if measure == "throughput" else min

        return choose(figures, key=figures.get)

    def modes(self):
        return list(dict.fromkeys(record["mode"] for record in self.records))

    def sizes(self, measure):
        return sorted({record["size"] for record in self.records
                       if record["measure"] == measure and "size" in record})
