"""The text as it should read: damage of transport and script taken out, nothing else changed.

Two levels are kept apart. *Repair* (here) is for people: pinyin debris, traditional script, full-width
letters and digits, emoji as words, mojibake that proves its origin; case, punctuation, spacing and line
breaks stay. *Folding* (`ml.text.fold`) is the inner form of scoring and search: it also lowers case and
folds all widths, and nobody reads it. Finding the damage is next door (`ml.text.pinyin`,
`ml.text.traditional`, `ml.text.mojibake`). The original is never overwritten: repairs are columns beside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.lexicon import read_resource
from ml.text.mojibake import find_damage, misread_characters, restore
from ml.text.pinyin import find_debris
from ml.text.scan import code_points
from ml.text.traditional import find_traditional, surely_traditional

# Classes of repair. `mojibake` counts places that are damaged and were left as they are.
REPAIR_CLASSES = ("pinyin", "traditional", "full_width", "emoji", "mojibake", "repaired_mojibake")
# Letters and digits, and what joins them (２．５, １０％); punctuation between words is rightly wide.
_FULL_WIDTH = re.compile(r"[０-９Ａ-Ｚａ-ｚ]+(?:[．－／＋＿＠＆][０-９Ａ-Ｚａ-ｚ]+)*％?")
_TO_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


class Edit(NamedTuple):
    """One change: `source[start:end]` became `replacement`."""

    start: int
    end: int
    replacement: str
    kind: str


class Repair(NamedTuple):
    """A repaired text, how often each class of damage was found, and each change.

    `edits` are spans of `source`: the text as given, or as given back where mojibake proved its origin.
    """

    text: str
    counts: dict[str, int]
    source: str
    edits: tuple[Edit, ...]


def normalize(text: str) -> str:
    """Return the text as it should read; a text without damage is returned unchanged.

    Raises nothing: any string of code points has a repaired form.
    """
    return repair(text).text


def repair(text: str) -> Repair:
    """Return the repaired text with what was changed and what is damaged beyond repair."""
    source, restored = restore(text)
    damage = find_damage(source)
    debris = find_debris(source)
    edits = [Edit(start, end, "", "pinyin") for start, end in debris]
    edits += [Edit(*one, "traditional") for one in find_traditional(source)]
    edits += [
        Edit(*match.span(), match.group().translate(_TO_HALF), "full_width")
        for match in _FULL_WIDTH.finditer(source)
    ]
    emoji, words = _emoji()
    edits += [Edit(*match.span(), words[match.group("emoji")], "emoji") for match in emoji.finditer(source)]
    kept = _without_overlap(edits, damage)
    counts = dict.fromkeys(REPAIR_CLASSES, 0) | {"mojibake": len(damage), "repaired_mojibake": restored}
    for edit in kept:
        counts[edit.kind] += 1
    counts = {kind: count for kind, count in counts.items() if count}
    return Repair(_applied(source, kept), counts, source, tuple(kept))


def repair_all(texts: Sequence[str]) -> list[Repair]:
    """Return one repair per text, in order; most texts hold nothing that could be damage and cost little."""
    codes = code_points("\0".join([*texts, ""]))
    suspect = _suspects()[codes]
    # (de), (yè) and ??: two characters that only together are suspect.
    is_letter = (codes[1:] >= ord("a")) & (codes[1:] <= ord("z"))
    suspect[:-1] |= np.isin(codes[:-1], _BRACKETS) & is_letter
    suspect[:-1] |= np.isin(codes[:-1], _QUESTIONS) & np.isin(codes[1:], _AFTER_QUESTION)
    ends = np.fromiter(accumulate(len(text) + 1 for text in texts), np.int64, len(texts))
    found = np.searchsorted(np.flatnonzero(suspect), [0, *ends.tolist()])
    is_suspect = np.diff(found) > 0
    return [
        repair(text) if look else Repair(text, {}, text, ())
        for text, look in zip(texts, is_suspect.tolist(), strict=True)
    ]


_BRACKETS = np.array([ord(char) for char in "(（[［【"], np.uint32)
_QUESTIONS = np.array([ord(char) for char in "?？"], np.uint32)
_AFTER_QUESTION = np.array([ord(char) for char in "?？。"], np.uint32)


@lru_cache(maxsize=1)
def _suspects() -> NDArray[np.bool_]:
    """Return for each code point whether a text that holds it may have to be repaired."""
    table = np.zeros(0x110000, np.bool_)
    single = f"{surely_traditional()}{misread_characters()}锟�烫屯€ɡ{''.join(sorted(_emoji_starts()))}"
    table[[ord(char) for char in single]] = True
    # Latin letters with marks (pinyin, mojibake), marks on their own, private use, full-width letters.
    for first, last in ((0x80, 0x24F), (0x300, 0x36F), (0xE000, 0xF8FF), (0xFF10, 0xFF5A)):
        table[first : last + 1] = True
    table[[ord(char) for char in "·°±×²³§®©´¨¯¸÷ ：；？"]] = False
    return table


def _emoji_starts() -> set[str]:
    return {symbol[0] for symbol in _emoji()[1]}


@lru_cache(maxsize=1)
def _emoji() -> tuple[re.Pattern[str], dict[str, str]]:
    """Return the pattern of emoji that say a word, and that word in brackets, as chat programs write it.

    Others stay: they are no damage, and a guess at their meaning would be.
    """
    words = {
        row["symbol"]: f"[{row['word']}]"
        for row in read_resource("emoji.csv")
        if row["word"] and not row["symbol"].startswith("[")
    }
    symbols = "|".join(re.escape(symbol) for symbol in sorted(words, key=lambda one: (-len(one), one)))
    # With the colour of skin and the mark of colour print that belong to them; not inside a joined emoji.
    return re.compile(f"(?<!\u200d)(?P<emoji>{symbols})[\ufe0f\U0001f3fb-\U0001f3ff]*(?!\u200d)"), words


def _without_overlap(edits: list[Edit], damage: list[tuple[int, int]]) -> list[Edit]:
    """Return the edits in order; what is damaged stays as it is, so that its bytes can still be traced."""
    kept: list[Edit] = []
    done = 0
    places = iter([*damage, (1 << 62, 1 << 62)])
    low, high = next(places)
    for edit in sorted(edits):
        while high <= edit.start:
            low, high = next(places)
        if edit.start >= done and (edit.end <= low or edit.kind == "pinyin"):
            kept.append(edit)
            done = edit.end
    return kept


def _applied(source: str, edits: Sequence[Edit]) -> str:
    if not edits:
        return source
    parts: list[str] = []
    done = 0
    for edit in edits:
        parts += (source[done : edit.start], edit.replacement)
        done = edit.end
    return "".join([*parts, source[done:]])
