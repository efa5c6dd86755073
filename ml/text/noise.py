"""Noise: texts that are no customer's word about a car, its maker or its dealer.

Here: the rules of `noise_rules.csv` over a text's compact form, and the reason with the greatest weight.
Noise is labelled, never deleted, and never guessed from tone: a furious complaint is no noise. What is
done with the label is decided in the tables (`fct_feedback.is_noise`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.lexicon import RESOURCES, ResourceError, read_resource
from ml.text.fold import fold_all
from ml.text.scan import MASK_TOKENS, TermScanner, join

# In order of precedence where weights are equal.
NOISE_REASONS = ("empty", "test", "bot", "agent_boilerplate", "advert", "off_topic")
KINDS = ("term", "start", "whole", "regex", "hint", "relief")
# All hints of a reason together weigh no more: many of them make no advert.
_HINTS_AT_MOST = 1.0
# The weight from which a reason holds.
HOLDS_FROM = 3.0
# A long text is rarely noise as a whole: it needs one more weight per so many characters beyond the first.
_LONG_CHARS = 200
_NOT_A_WORD = re.compile(r"[^0-9a-zA-Z㐀-鿿豈-龎]+")
# As they stand in folded text.
_MASKS = dict.fromkeys((token.lower() for token in MASK_TOKENS), "B")
_MASKS |= {"[手机]": "P", "[座机]": "P", "[微信]": "W", "[qq]": "Q", "[姓名]": "N", "[地址]": "A"}
_TOKEN = re.compile("|".join(map(re.escape, _MASKS)))
# Folded text has no capital letters of its own.
_MASKED = re.compile("[PWQNAB]")
_SENTENCE = re.compile(r"[，。、！？,!?；;\n]+")


class Noise(NamedTuple):
    """Why a text is noise (None if it is not), how sure (0..1, not calibrated), and what the customer wrote.

    `customer_chars` counts Chinese characters, letters and digits without masked names and without sentences
    of agents' boilerplate.
    """

    reason: str | None
    confidence: float | None
    customer_chars: int


@dataclass(frozen=True)
class _Rules:
    scanner: TermScanner
    # Per term: (reason, kind, weight) of each row it stands in.
    senses: tuple[tuple[tuple[str, str, float], ...], ...]
    patterns: tuple[tuple[str, float, re.Pattern[str]], ...]
    # Terms that speak for a reason, and those of agents' set phrases.
    speaks: NDArray[np.bool_]
    agent: frozenset[int]


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    senses: dict[str, list[tuple[str, str, float]]] = {}
    patterns = []
    for row in read_resource("noise_rules.csv"):
        reason, kind, weight = _checked(row)
        if kind == "regex":
            patterns.append((reason, weight, re.compile(row["terms"])))
            continue
        for term in row["terms"].split("|"):
            senses.setdefault(_compact(fold_all([term])[0].text), []).append((reason, kind, weight))
    senses.pop("", None)
    terms = tuple(sorted(senses))
    for_reason = [
        {reason for reason, kind, _ in senses[term] if kind not in ("relief", "hint")} for term in terms
    ]
    return _Rules(
        TermScanner(terms),
        tuple(tuple(senses[term]) for term in terms),
        tuple(patterns),
        np.array([bool(reasons) for reasons in for_reason]),
        frozenset(number for number, reasons in enumerate(for_reason) if "agent_boilerplate" in reasons),
    )


def _checked(row: dict[str, str]) -> tuple[str, str, float]:
    place = f"{RESOURCES / 'noise_rules.csv'}, line {row['_line']}"
    if row["reason"] not in NOISE_REASONS:
        raise ResourceError(
            f"{place}: unknown reason {row['reason']!r}; use one of {', '.join(NOISE_REASONS)}"
        )
    if row["kind"] not in KINDS:
        raise ResourceError(f"{place}: unknown kind {row['kind']!r}; use one of {', '.join(KINDS)}")
    try:
        return row["reason"], row["kind"], float(row["weight"])
    except ValueError as error:
        raise ResourceError(f"{place}: weight {row['weight']!r} is no number; write e.g. 2") from error


def _compact(folded: str) -> str:
    """Return letters, digits and Chinese of a folded text; masked names become capital letters."""
    if "[" in folded:
        folded = _TOKEN.sub(lambda match: _MASKS[match.group()], folded)
    return _NOT_A_WORD.sub("", folded)


def label_noise(texts: Sequence[str]) -> list[Noise]:
    """Return the label of each text, in order; each is judged alone, not by who wrote it or how often."""
    folded = [item.text for item in fold_all(texts)]
    compacts = [_compact(text) for text in folded]
    rules = _rules()
    joined = join(compacts)
    starts, ends, terms = rules.scanner.scan(joined)
    owners = joined.owners(starts)
    edges = np.searchsorted(owners, np.arange(len(texts) + 1)).tolist()
    found = list(
        zip(terms.tolist(), (starts - joined.begins[owners]).tolist(), (ends - starts).tolist(), strict=True)
    )
    # Where no term speaks for any reason, only patterns may.
    spoken = np.zeros(len(texts), np.bool_)
    spoken[owners[rules.speaks[terms]]] = True
    return [
        _judge(compact, text, found[low:high] if hit else [])
        for compact, text, low, high, hit in zip(
            compacts, folded, edges[:-1], edges[1:], spoken.tolist(), strict=True
        )
    ]


def _judge(compact: str, folded: str, found: Sequence[tuple[int, int, int]]) -> Noise:
    """Weigh what was found in one text: (term, begin, length) in order."""
    own = len(compact) - (len(_MASKED.findall(compact)) if "[" in folded else 0)
    if own == 0:
        return Noise("empty", 0.95, 0)
    weights = _weights(compact, found)
    for reason, weight, pattern in _rules().patterns:
        if pattern.search(compact):
            weights[reason] = weights.get(reason, 0.0) + weight
    weights = {reason: weight for reason, weight in weights.items() if weight >= _needed(reason, own)}
    chars = own
    if any(term in _rules().agent for term, _, _ in found):
        chars -= _agent_chars(folded)
    if 2 * chars > own:
        # A customer who quotes an agent says more than the agent's phrases.
        weights.pop("agent_boilerplate", None)
    if not weights:
        return Noise(None, None, chars)
    reason = max(NOISE_REASONS, key=lambda one: (weights.get(one, 0.0), -NOISE_REASONS.index(one)))
    return Noise(reason, round(min(0.99, weights[reason] / (weights[reason] + 1.5)), 2), chars)


def _needed(reason: str, chars: int) -> float:
    return HOLDS_FROM + (0 if reason in ("empty", "test") else chars // _LONG_CHARS)


def _weights(compact: str, found: Sequence[tuple[int, int, int]]) -> dict[str, float]:
    """Return the weight of each reason; a term counts once, a term within a longer one not at all."""
    weights: dict[str, float] = {}
    relief: dict[str, float] = {}
    hints: dict[str, float] = {}
    seen: set[int] = set()
    done = -1
    for term, begin, length in found:
        is_inside = begin + length <= done
        done = max(done, begin + length)
        if term in seen:
            continue
        seen.add(term)
        for reason, kind, weight in _rules().senses[term]:
            if kind == "relief":
                relief[reason] = relief.get(reason, 0.0) + weight
            elif kind == "hint":
                hints[reason] = min(_HINTS_AT_MOST, hints.get(reason, 0.0) + weight)
            elif not is_inside and _stands(kind, begin, length, len(compact)):
                weights[reason] = weights.get(reason, 0.0) + weight
    return {
        reason: weight + hints.get(reason, 0.0) - relief.get(reason, 0.0)
        for reason, weight in weights.items()
    }


def _stands(kind: str, begin: int, length: int, size: int) -> bool:
    if kind == "whole":
        return length == size
    return kind == "term" or begin == 0


def _agent_chars(folded: str) -> int:
    """Return how many characters of a text are sentences with an agent's set phrases."""
    rules = _rules()
    parts = [_compact(part) for part in _SENTENCE.split(folded)]
    joined = join(parts)
    starts, _, terms = rules.scanner.scan(joined)
    spoken = {
        owner
        for owner, term in zip(joined.owners(starts).tolist(), terms.tolist(), strict=True)
        if term in rules.agent
    }
    return sum(len(_MASKED.sub("", parts[owner])) for owner in spoken)
