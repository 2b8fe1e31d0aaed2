# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of mutants, as run.py and the lint read it."""

import dataclasses
import pathlib
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests" / "mutation" / "mutants.toml"


@dataclasses.dataclass(frozen=True)
class Mutant:
    name: str
    breaks: str
    file: str
    old: str
    new: str
    tests: tuple        # “suite/program:case”
    quick: bool = False

    def explain(self, root=ROOT):
        """Why it cannot be put into the tree; nothing, if it can."""
        path = root / self.file
        if not path.is_file():
            return f"{self.name}: there is no {self.file}"
        count = path.read_text(encoding="utf-8").count(self.old)
        if count != 1:
            return f"{self.name}: its old text is {count} times in {self.file}, and must be once"
        if self.old == self.new:
            return f"{self.name}: changes nothing"
        return None


def load():
    with TABLE.open("rb") as file:
        rows = tomllib.load(file)["mutant"]
    return [Mutant(**{**row, "tests": tuple(row["tests"])}) for row in rows]
