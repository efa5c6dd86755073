"""How right a linking is: pairs of voices given to one person, against who truly spoke."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import comb


@dataclass(frozen=True)
class Pairs:
    """Counts of pairs: linked together, truly together, both; wrong ones by the causes of the two voices."""

    linked: int
    true: int
    right: int
    wrong_by_cause: Mapping[tuple[str, str], int]

    @property
    def precision(self) -> float:
        return self.right / self.linked if self.linked else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0


def compare(found: Mapping[str, str], truth: Mapping[str, tuple[str, str]]) -> Pairs:
    """Compare `found` voice → person with `truth` voice → (person, cause)."""
    groups: dict[str, list[str]] = defaultdict(list)
    for voice, person in found.items():
        groups[person].append(voice)
    linked = right = 0
    wrong: Counter[tuple[str, str]] = Counter()
    for voices in groups.values():
        linked += comb(len(voices), 2)
        right += sum(comb(n, 2) for n in Counter(truth[voice][0] for voice in voices).values())
        if len({truth[voice][0] for voice in voices}) > 1:
            for place, one in enumerate(voices):
                for other in voices[place + 1 :]:
                    if truth[one][0] != truth[other][0]:
                        first, second = sorted((truth[one][1], truth[other][1]))
                        wrong[first, second] += 1
    true = sum(comb(n, 2) for n in Counter(person for person, _ in truth.values()).values())
    return Pairs(linked, true, right, dict(wrong.most_common()))
