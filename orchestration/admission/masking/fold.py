"""One character for one character: every way of writing a digit, letter or separator, made plain.

All maps keep the length of a text, so that a span in the folded text is a span in the original;
characters without width are the exception and are dropped with an offset map.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import chain

# Soft hyphen, zero-width and direction marks, BOM, variation selectors, the keycap's combining frame.
_ZERO_WIDTH_CLASS = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u2064\u2066-\u206f\u20e3\ufe00-\ufe0f\ufeff"
)
ZERO_WIDTH = re.compile(f"[{_ZERO_WIDTH_CLASS}]+")

# Mathematical, enclosed and segmented letters and digits, outside the basic plane.
_STYLED = (range(0x1D400, 0x1D800), range(0x1F100, 0x1F200), range(0x1FBF0, 0x1FBFA))
_STYLED_CLASS = "".join(f"{chr(block[0])}-{chr(block[-1])}" for block in _STYLED)
_LETTER_CATEGORIES = frozenset({"Nd", "No", "So", "Lu", "Ll"})
# Signs so frequent in Chinese text that replacing them one by one beats a table.
_FREQUENT = {
    "，": ",",
    "：": ":",
    "（": "(",
    "）": ")",
    "—": "-",
    "－": "-",
    "·": ".",
    "～": "~",
    "　": " ",
    "\t": " ",
}
_SIGNS = {
    "﹐": ",",
    "﹕": ":",
    "﹙": "(",
    "﹚": ")",
    "＠": "@",
    "﹫": "@",
    "＃": "#",
    "＋": "+",
    "＿": "_",
    "／": "/",
    "＝": "=",
    "〜": "~",
}
_DASHES = "‐‑‒–―−﹣─━ー﹘⁃"
_DOTS = "•‧・･．∙⋅●"
_SPACES = "\u00a0\u1680\u202f\u205f" + "".join(map(chr, range(0x2000, 0x200B)))

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


def _plain_form(character: str) -> str | None:
    """Return the ASCII letter or digit that `character` compatibly stands for, if there is one."""
    if unicodedata.category(character) not in _LETTER_CATEGORIES:
        return None
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 and plain.isascii() and plain.isalnum() else None


def _plain_map() -> dict[int, str]:
    table: dict[int, str] = {}
    # Ideographs, Hangul and the private area between these blocks hold nothing of the kind.
    for code in chain(range(0x80, 0x3400), range(0xF900, 0x10000), *_STYLED):
        character = chr(code)
        if (plain := _plain_form(character)) is not None:
            table[code] = plain
    table.update({ord(sign): plain for sign, plain in _SIGNS.items()})
    table.update(dict.fromkeys(map(ord, _DASHES), "-"))
    table.update(dict.fromkeys(map(ord, _DOTS), "."))
    table.update(dict.fromkeys(map(ord, _SPACES), " "))
    return table


_SELDOM = _plain_map()
PLAIN = _SELDOM | {ord(sign): plain for sign, plain in _FREQUENT.items()}
# One look for anything that needs the table or has no width: most texts hold none.
SELDOM = re.compile(
    f"[{_ZERO_WIDTH_CLASS}{''.join(map(chr, filter(0x10000.__gt__, _SELDOM)))}{_STYLED_CLASS}]"
)
SPOKEN = {ord(spoken): digit for spoken, digit in SPOKEN_DIGITS.items()}
PLAIN_AND_SPOKEN = {**PLAIN, **SPOKEN}


def plain(text: str) -> str:
    """Return `text` with full-width, circled and styled forms as ASCII; same length."""
    if SELDOM.search(text):
        return text.translate(PLAIN)
    for sign, simple in _FREQUENT.items():
        text = text.replace(sign, simple)
    return text


def without_zero_width(text: str) -> str:
    """Return `text` without characters that have no width."""
    return ZERO_WIDTH.sub("", text)
