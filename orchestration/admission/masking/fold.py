"""One character for one character: every way of writing a digit, letter or separator, made plain.

All maps keep the length of a text, so that a span in the folded text is a span in the original;
characters without width are the exception and are dropped with an offset map.
"""

from __future__ import annotations

import re
import sys
import unicodedata

# Soft hyphen, zero-width and direction marks, BOM, variation selectors, the keycap's combining frame.
_ZERO_WIDTH_CLASS = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u2064\u2066-\u206f\u20e3\ufe00-\ufe0f\ufeff"
)
ZERO_WIDTH = re.compile(f"[{_ZERO_WIDTH_CLASS}]+")

_FOLDABLE_CATEGORIES = frozenset({"Nd", "No", "So", "Lu", "Ll", "Po", "Ps", "Pe", "Sm", "Pc", "Sk", "Sc"})
_DASHES = "‐‑‒–—―−﹣－─━ー﹘⁃"
_DOTS = "·•‧・･．∙⋅●"
_SPACES = "\u00a0\u1680\u202f\u205f\u3000\t" + "".join(map(chr, range(0x2000, 0x200B)))

SPOKEN_DIGITS = {
    "零": "0", "〇": "0", "○": "0", "洞": "0",
    "一": "1", "壹": "1", "幺": "1", "弌": "1",
    "二": "2", "贰": "2", "貳": "2", "两": "2", "兩": "2",
    "三": "3", "叁": "3", "叄": "3", "參": "3",
    "四": "4", "肆": "4",
    "五": "5", "伍": "5",
    "六": "6", "陆": "6", "陸": "6",
    "七": "7", "柒": "7", "拐": "7",
    "八": "8", "捌": "8",
    "九": "9", "玖": "9", "勾": "9",
}  # fmt: skip


def _is_foldable(character: str) -> bool:
    return unicodedata.category(character) in _FOLDABLE_CATEGORIES


def _plain_form(character: str) -> str | None:
    """Return the single ASCII character that `character` compatibly stands for, if there is one."""
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 and plain.isascii() and plain.isprintable() else None


def _plain_map() -> dict[int, str]:
    table: dict[int, str] = {}
    for code in range(0x80, sys.maxunicode + 1):
        character = chr(code)
        # Ideographs, Hangul and the private planes hold nothing of the kind: skip them quickly.
        if 0x3400 <= code <= 0xD7FF or code >= 0x20000:
            continue
        if _is_foldable(character) and (plain := _plain_form(character)) is not None:
            table[code] = plain
    table.update(dict.fromkeys(map(ord, _DASHES), "-"))
    table.update(dict.fromkeys(map(ord, _DOTS), "."))
    table.update(dict.fromkeys(map(ord, _SPACES), " "))
    return table


PLAIN = _plain_map()
SPOKEN = {ord(spoken): digit for spoken, digit in SPOKEN_DIGITS.items()}
PLAIN_AND_SPOKEN = {**PLAIN, **SPOKEN}


def plain(text: str) -> str:
    """Return `text` with full-width, circled and styled forms as ASCII; same length."""
    return text if text.isascii() else text.translate(PLAIN)


def without_zero_width(text: str) -> str:
    """Return `text` without characters that have no width."""
    return ZERO_WIDTH.sub("", text)
