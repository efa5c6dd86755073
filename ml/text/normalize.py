"""One spelling for every text, with the way back to the original.

Here: width (NFKC), case, traditional characters, pinyin debris such as 企業(yè), emoji, white space.
Clauses, words and their meaning are next door. Every change keeps an offset map, so that a span
found in the normalised text names code points of the text as it was given.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from ml.lexicon import read_resource

# Latin letters with a tone mark in brackets straight after a Chinese character: 驗(yàn). Plain
# letters such as 屏幕(OLED) are content and stay.
_TONED = "āáǎàōóǒòēéěèīíǐìūúǔùǖǘǚǜüńňǹ"
PINYIN_DEBRIS = re.compile(rf"(?<=[㐀-鿿])[(（](?=[a-zü]{{0,5}}[{_TONED}])[a-z{_TONED}]{{1,7}}[)）]")
# The basic plane, mathematical letters, enclosed letters, compatibility ideographs: all that NFKC folds.
_FOLDED_BLOCKS = (range(0x10000), range(0x1D400, 0x1D800), range(0x1F100, 0x1F300), range(0x2F800, 0x2FA20))
_KEEP_AS_IS = frozenset("…")
_BLANKS = frozenset("\t\r\x0b\x0c\x00\u3000\xa0\ufeff\u200b\u200c\u200d\u2060\ufe0f")


@dataclass(frozen=True, slots=True)
class Normalized:
    """A normalised text; character i came from the original code points `starts[i]:ends[i]`.

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


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[int, str], dict[str, str], re.Pattern[str], re.Pattern[str]]:
    """Return the one-to-one table, the one-to-many table, and for the latter a quick test and a pattern."""
    simplified = {
        row["traditional"]: row["simplified"] for row in read_resource("traditional_simplified.csv")
    }
    single: dict[int, str] = {}
    several: dict[str, str] = {}
    for code in chain(*_FOLDED_BLOCKS):
        char = chr(code)
        folded = _fold_char(char, simplified)
        if folded == char:
            continue
        if len(folded) == 1:
            single[code] = folded
        else:
            several[char] = folded
    for row in read_resource("emoji.csv"):
        several[row["symbol"].lower()] = f" {row['word']} " if row["word"] else " "
    keys = sorted(several, key=lambda key: (-len(key), key))
    longer = [key for key in keys if len(key) > 1]
    chars = "".join(re.escape(key) for key in keys if len(key) == 1)
    pattern = "|".join([PINYIN_DEBRIS.pattern, *(re.escape(key) for key in longer), f"[{chars}]"])
    # One character class is scanned many times faster than an alternation; most texts stop here.
    suspects = "".join(sorted({re.escape(key[0]) for key in keys} | {re.escape("(")}))
    return single, several, re.compile(f"[{suspects}]"), re.compile(pattern)


def normalize(text: str) -> Normalized:
    """Return the normalised text with its offset map.

    One character after the other (no composition across characters), so that the map is exact.
    A lone surrogate or any other odd character passes unchanged.
    """
    single, several, suspect, changing = _tables()
    folded = text.translate(single)
    if suspect.search(folded) is None:
        return Normalized(folded)
    first = changing.search(folded)
    if first is None:
        return Normalized(folded)
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for match in changing.finditer(folded, first.start()):
        start, end = match.span()
        # Pinyin debris is not in the table and leaves nothing behind.
        replacement = several.get(match.group(), "")
        parts += (folded[done:start], replacement)
        starts.extend(range(done, start))
        starts.extend([start] * len(replacement))
        ends.extend(range(done + 1, start + 1))
        ends.extend([end] * len(replacement))
        done = end
    parts.append(folded[done:])
    starts.extend(range(done, len(folded)))
    ends.extend(range(done + 1, len(folded) + 1))
    return Normalized("".join(parts), tuple(starts), tuple(ends))
