"""Traditional characters as simplified ones, for reading.

Here: which characters of a text are traditional and what stands for them, by the table
`traditional_simplified.csv` (one to one) and the words of `traditional_phrases.csv` in which a
character is read otherwise (著名 but 看着, 乾隆 but 干净). Regional words (滑鼠, 引擎) stay as said.
A character that simplified text uses too (著, 乾, 昇 in names) is only converted in a text that holds
characters no simplified text holds, so that simplified text passes unchanged.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ml.lexicon import read_resource

# Characters of the table that also stand in simplified texts: words (乾隆, 显著) and names (the
# standard list of 2013 took 昇, 堃, 甯 and others back in).
_SHARED = frozenset(
    "乾吒夥徵拚捱摺榘著薰薹袷醣麴喆淼昇邨氾堃犇龢迺祕甯鉅陞鎔脩絜勣濬菉蒐甦晳祇妳藉瞭覆砲慾衹彷彿畫週"
)
# In the GB2312 list, yet not written in simplified text.
_ONLY_TRADITIONAL = frozenset("後於麽菸")
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")
# A text with so many kana is Japanese (国際, 体験 are no damaged Chinese).
_JAPANESE_FROM = 5


class _Tables(NamedTuple):
    single: dict[str, str]
    phrases: dict[str, str]
    surely: str
    any_kind: re.Pattern[str]


def _is_in(char: str, charset: str) -> bool:
    try:
        char.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    # A target outside GBK is a character few fonts have: the text would read worse than before.
    single = {
        row["traditional"]: row["simplified"]
        for row in read_resource("traditional_simplified.csv")
        if _is_in(row["simplified"], "gbk")
    }
    phrases = {row["phrase"]: row["simplified"] for row in read_resource("traditional_phrases.csv")}
    surely = {
        char
        for char in single
        if char in _ONLY_TRADITIONAL or (char not in _SHARED and not _is_in(char, "gb2312"))
    }
    ordered = sorted(phrases, key=lambda one: (-len(one), one))
    any_kind = "|".join([*ordered, f"[{''.join(sorted(single))}]"])
    return _Tables(single, phrases, "".join(sorted(surely)), re.compile(any_kind))


def surely_traditional() -> str:
    """Return the characters that no simplified text holds."""
    return _tables().surely


@lru_cache(maxsize=1)
def _surely() -> re.Pattern[str]:
    return re.compile(f"[{surely_traditional()}]")


def find_traditional(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, simplified) of every place in traditional script, in order.

    Empty for a text without a character that only traditional script has, and for Japanese.
    """
    if not _surely().search(text):
        return []
    if len(_KANA.findall(text, 0, 20_000)) >= _JAPANESE_FROM:
        return []
    tables = _tables()
    found = []
    for match in tables.any_kind.finditer(text):
        written = match.group()
        simplified = tables.phrases.get(written) or tables.single[written]
        if simplified != written:
            found.append((*match.span(), simplified))
    return found
