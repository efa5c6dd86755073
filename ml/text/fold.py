"""The inner form of scoring: one spelling for every text, with the way back to the original.

Here: width (NFKC), case, traditional characters, pinyin debris such as 企業(yè), emoji, white space.
Every change keeps an offset map, so that a span found in the folded text names code points of the text
as it was given. Nobody reads a folded text: what people read is repaired in `ml.text.normalize`, which
keeps case, width of punctuation and everything else that is not damage.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.lexicon import read_resource
from ml.text.pinyin import CANDIDATE, is_sure_debris
from ml.text.scan import code_points

# The basic plane, mathematical letters, enclosed letters, compatibility ideographs: all that NFKC folds.
_FOLDED_BLOCKS = (range(0x10000), range(0x1D400, 0x1D800), range(0x1F100, 0x1F300), range(0x2F800, 0x2FA20))
_KEEP_AS_IS = frozenset("…")
_BLANKS = frozenset("\t\r\x0b\x0c\x00\u3000\xa0\ufeff\u200b\u200c\u200d\u2060\ufe0f")


class Folded(NamedTuple):
    """A folded text; character i came from the original code points `starts[i]:ends[i]`.

    `starts` and `ends` are None when every character stands where it stood.
    """

    text: str
    starts: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the code-point span of the original text that became `text[start:end]` (not empty)."""
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"no such span: {start}..{end} of {len(self.text)} characters")
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def _fold_char(char: str, simplified: dict[str, str]) -> str:
    """Return the folded form of one character (one or several characters)."""
    if char in _KEEP_AS_IS:
        return char
    if char in _BLANKS:
        return " "
    folded = unicodedata.normalize("NFKC", char)
    folded = "".join(simplified.get(part, part) for part in folded)
    lowered = folded.lower()
    return lowered if len(lowered) == len(folded) else folded


class _Tables(NamedTuple):
    """What changes: one-to-one by code point, one-to-many, where the latter may begin, its pattern."""

    single: NDArray[np.uint32]
    several: dict[str, str]
    suspect: NDArray[np.bool_]
    changing: re.Pattern[str]


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    simplified = {
        row["traditional"]: row["simplified"] for row in read_resource("traditional_simplified.csv")
    }
    single = np.arange(0x110000, dtype=np.uint32)
    several: dict[str, str] = {}
    for code in chain(*_FOLDED_BLOCKS):
        char = chr(code)
        folded = _fold_char(char, simplified)
        if len(folded) == 1:
            single[code] = ord(folded)
        else:
            several[char] = folded
    for row in read_resource("emoji.csv"):
        several[row["symbol"].lower()] = f" {row['word']} " if row["word"] else " "
    keys = sorted(several, key=lambda key: (-len(key), key))
    longer = [re.escape(key) for key in keys if len(key) > 1]
    chars = "".join(re.escape(key) for key in keys if len(key) == 1)
    suspect = np.zeros(0x110000, np.bool_)
    # Pinyin debris begins with a bracket.
    suspect[[*map(ord, "([【"), *(ord(key[0]) for key in keys)]] = True
    # Letters have been lowered by then.
    changing = re.compile("|".join([*longer, CANDIDATE, f"[{chars}]"]))
    return _Tables(single, several, suspect, changing)


def fold(text: str) -> Folded:
    """Return the folded text with its offset map; see `fold_all`."""
    return fold_all([text])[0]


def fold_all(texts: Sequence[str]) -> list[Folded]:
    """Return the folded texts with their offset maps; many at once are much faster than one by one.

    One character after the other (no composition across characters), so that the map is exact.
    A lone surrogate or any other odd character passes unchanged.
    """
    tables = _tables()
    codes = tables.single[code_points("".join(texts))]
    folded = codes.tobytes().decode("utf-32-le", "surrogatepass")
    ends = list(accumulate(map(len, texts)))
    starts = [0, *ends][:-1]
    found = [Folded(folded[start:end]) for start, end in zip(starts, ends, strict=True)]
    suspects = np.flatnonzero(tables.suspect[codes])
    lows, highs = np.searchsorted(suspects, starts), np.searchsorted(suspects, ends)
    for number in np.flatnonzero(lows < highs).tolist():
        places = suspects[lows[number] : highs[number]] - starts[number]
        found[number] = _expand(found[number].text, places.tolist(), tables)
    return found


def folded_code_points(text: str) -> NDArray[np.uint32]:
    """Return the text's code points with width, case and script folded one by one, none added or dropped."""
    return _tables().single[code_points(text)]


def _expand(folded: str, places: list[int], tables: _Tables) -> Folded:
    """Return the text with all that becomes several characters or none; it may begin at `places` only."""
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for place in places:
        match = tables.changing.match(folded, place) if place >= done else None
        if match is None:
            continue
        end = match.end()
        replacement = tables.several.get(match.group())
        if replacement is None:
            # Not in the table: pinyin debris, which leaves nothing behind, or a bracket with content.
            if not is_sure_debris(folded, place, end):
                continue
            replacement = ""
        parts += (folded[done:place], replacement)
        starts += (*range(done, place), *[place] * len(replacement))
        ends += (*range(done + 1, place + 1), *[end] * len(replacement))
        done = end
    if not done:
        return Folded(folded)
    parts.append(folded[done:])
    starts.extend(range(done, len(folded)))
    ends.extend(range(done + 1, len(folded) + 1))
    return Folded("".join(parts), tuple(starts), tuple(ends))
