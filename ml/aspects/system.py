"""Which of the 19 systems of a complaint form a complaint is about, without any label.

Here: weighted seed terms (`system_terms.csv`) summed over a complaint. A complaint often names several
faults and its writer files it under one; what is judged, stated early and named more than once counts
more. Aspects (many per text, our own taxonomy) are in `ml.aspects.mentions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ml.lexicon import RESOURCES, ResourceError, read_resource
from ml.text.fold import fold

# What is complained of stands early; afterwards comes the story of the dealer's answers.
HALF_WEIGHT_CHARS = 120.0
REPEAT_FACTOR = 0.3
MAX_REPEATS = 4
# Used when nothing is recognised: engines lead the complaint statistics of every year.
FALLBACK_SYSTEM = "发动机"


@dataclass(frozen=True, slots=True)
class SystemGuess:
    """The system named most, its score, and all scores (highest first, ties by file order)."""

    system: str
    score: float
    ranking: tuple[tuple[str, float], ...]


class SystemClassifier:
    """Sums the seed terms of each system."""

    def __init__(self, folder: Path = RESOURCES) -> None:
        """Read `system_terms.csv` of `folder`; raises `ResourceError`."""
        self.systems: list[str] = []
        self._terms: dict[str, list[tuple[str, list[tuple[str, float]]]]] = {}
        senses: dict[str, dict[str, float]] = {}
        for row in read_resource("system_terms.csv", folder):
            if row["kind"] != "term" or not row["weight"].isdigit():
                raise ResourceError(
                    f"{folder / 'system_terms.csv'}, line {row['_line']}: "
                    "kind must be term, weight a whole number"
                )
            if row["system"] not in self.systems:
                self.systems.append(row["system"])
            for term in row["terms"].lower().split("|"):
                known = senses.setdefault(term.strip(), {})
                known[row["system"]] = max(known.get(row["system"], 0.0), float(row["weight"]))
        for term in sorted(senses, key=lambda t: (-len(t), t)):
            if len(term) > 1:
                entry = (term, sorted(senses[term].items()))
                self._terms.setdefault(term[:2], []).append(entry)
        self._single = {term: sorted(found.items()) for term, found in senses.items() if len(term) == 1}

    def classify(self, text: str) -> SystemGuess:
        """Return the best guess for one complaint; `FALLBACK_SYSTEM` with score 0 if nothing is known."""
        folded = fold(text).text
        totals: dict[str, float] = {}
        seen: dict[str, int] = {}
        position, length = 0, len(folded)
        while position < length:
            term, senses = self._longest(folded, position)
            if not term:
                position += 1
                continue
            times = seen.get(term, 0)
            seen[term] = times + 1
            if times < MAX_REPEATS:
                factor = (
                    (1.0 if times == 0 else REPEAT_FACTOR)
                    * HALF_WEIGHT_CHARS
                    / (HALF_WEIGHT_CHARS + position)
                )
                for system, weight in senses:
                    totals[system] = totals.get(system, 0.0) + weight * factor
            position += len(term)
        return self._guess(totals)

    def _longest(self, text: str, position: int) -> tuple[str, list[tuple[str, float]]]:
        for term, senses in self._terms.get(text[position : position + 2], ()):
            if text.startswith(term, position):
                return term, senses
        single = self._single.get(text[position])
        return (text[position], single) if single else ("", [])

    def _guess(self, totals: dict[str, float]) -> SystemGuess:
        if not totals:
            return SystemGuess(FALLBACK_SYSTEM, 0.0, ())
        order = {system: number for number, system in enumerate(self.systems)}
        ranking = sorted(totals.items(), key=lambda item: (-item[1], order[item[0]]))
        return SystemGuess(ranking[0][0], ranking[0][1], tuple(ranking))


@lru_cache(maxsize=1)
def default_classifier() -> SystemClassifier:
    """Return the shipped classifier, read once per process."""
    return SystemClassifier()
