"""Noise: texts that are no customer's word about a car, its maker or its dealer.

Here: the rules of `noise_rules.csv` over a text's compact form, and the reason with the greatest weight.
Noise is labelled, never deleted, and never guessed from tone: a furious complaint is no noise. What is
done with the label is decided in the tables (`fct_feedback.is_noise`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.lexicon import RESOURCES, ResourceError, read_resource
from ml.text.fold import fold_all
from ml.text.scan import TermScanner, join

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
_MASKS = {"手机": "P", "座机": "P", "微信": "W", "qq": "Q", "姓名": "N", "地址": "A"}
_MASKS |= dict.fromkeys(("身份证", "银行卡", "邮箱", "车牌", "车架号"), "B")
_TOKEN = re.compile(rf"\[({'|'.join(_MASKS)})\]")
_SENTENCE = re.compile(r"[。！？!?；;\n]+")


class Noise(NamedTuple):
    """Why a text is noise (None if it is not), how sure (0..1, not calibrated), and its customer's characters.

    `customer_chars` counts Chinese characters, letters and digits without masked names and without sentences
    of agents' boilerplate.
    """

    reason: str | None
    confidence: float | None
    customer_chars: int


@dataclass(frozen=True)
class _Rules:
    terms: tuple[str, ...]
    scanner: TermScanner
    # Per term: (reason, kind, weight) of each row it stands in.
    senses: tuple[tuple[tuple[str, str, float], ...], ...]
    patterns: tuple[tuple[str, float, re.Pattern[str]], ...]
    agent: frozenset[int] = field(default_factory=frozenset)


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
    agent = frozenset(
        number
        for number, term in enumerate(terms)
        if any(reason == "agent_boilerplate" and kind != "relief" for reason, kind, _ in senses[term])
    )
    return _Rules(
        terms, TermScanner(terms), tuple(tuple(senses[term]) for term in terms), tuple(patterns), agent
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
        folded = _TOKEN.sub(lambda match: _MASKS[match.group(1)], folded)
    return _NOT_A_WORD.sub("", folded)


def label_noise(texts: Sequence[str]) -> list[Noise]:
    """Return the label of each text, in order; a text is judged on its own, not by who wrote it or how often."""
    folded = [item.text for item in fold_all(texts)]
    compacts = [_compact(text) for text in folded]
    joined = join(compacts)
    rules = _rules()
    starts, ends, terms = rules.scanner.scan(joined)
    owners = joined.owners(starts)
    edges = np.searchsorted(owners, np.arange(len(texts) + 1))
    begins = starts - joined.begins[owners]
    return [
        _judge(compact, text, terms[low:high], begins[low:high], (ends - starts)[low:high])
        for compact, text, low, high in zip(compacts, folded, edges[:-1], edges[1:], strict=True)
    ]


def _judge(
    compact: str,
    folded: str,
    terms: NDArray[np.int64],
    begins: NDArray[np.int64],
    lengths: NDArray[np.int64],
) -> Noise:
    """Weigh what was found in one text."""
    own = sum(not char.isupper() for char in compact)
    if own == 0:
        return Noise("empty", 0.95, 0)
    weights = _weights(compact, terms, begins, lengths)
    for reason, weight, pattern in _rules().patterns:
        if pattern.search(compact):
            weights[reason] = weights.get(reason, 0.0) + weight
    weights = {reason: weight for reason, weight in weights.items() if weight >= _needed(reason, own)}
    has_agent = bool(_rules().agent.intersection(terms.tolist()))
    chars = own - _agent_chars(folded) if has_agent else own
    if not weights:
        return Noise(None, None, chars)
    reason = max(NOISE_REASONS, key=lambda one: (weights.get(one, 0.0), -NOISE_REASONS.index(one)))
    return Noise(reason, round(min(0.99, weights[reason] / (weights[reason] + 1.5)), 2), chars)


def _needed(reason: str, chars: int) -> float:
    return HOLDS_FROM + (
        chars // _LONG_CHARS if reason in ("advert", "off_topic", "bot", "agent_boilerplate") else 0
    )


def _weights(
    compact: str, terms: NDArray[np.int64], begins: NDArray[np.int64], lengths: NDArray[np.int64]
) -> dict[str, float]:
    """Return the weight of each reason; a term counts once, a term within a longer one not at all."""
    weights: dict[str, float] = {}
    relief: dict[str, float] = {}
    hints: dict[str, float] = {}
    seen: set[int] = set()
    done = -1
    found = zip(terms.tolist(), begins.tolist(), lengths.tolist(), strict=True)
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
    return sum(sum(not char.isupper() for char in parts[owner]) for owner in spoken)
