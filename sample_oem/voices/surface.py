"""How a finished text looks on the page: script, slips of the hand, web debris, edited copies.

Works on whole texts and knows nothing of their meaning. Every change can be found again: the caller is
told the script, and copies keep what a reader would still recognise.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sample_oem.voices.grammar import Rand

SIMPLIFIED, TRADITIONAL, DEBRIS = "simplified", "traditional", "pinyin_debris"
_CLAUSE = re.compile(r"(?<=[，。！？；,!?;\n])")
_OPENINGS = (
    "转：", "看到一个帖子，", "同感，", "帮转，", "说出了我的心声：", "转一下，", "有同款的吗？",
    "支持楼主，", "顶，", "[转发]", "大家看看，", "原来不止我一个：",
)  # fmt: skip
_ENDINGS = (
    "", "！", "。", "，我也是", "……同意的顶一下", "，大家注意", "😡", "[怒]", "👍", "，坐等回复",
    "@启岚汽车", "。转发扩散",
)  # fmt: skip
_SWAPS = (
    ("没有", "没"), ("非常", "十分"), ("问题", "毛病"), ("一直", "老是"), ("现在", "目前"), ("觉得", "感觉"),
    ("厂家", "官方"), ("解决", "处理"), ("车子", "车"), ("已经", "都"), ("不行", "不太行"), ("特别", "超级"),
    ("真的", "真心"), ("4S店", "店里"), ("因为", "由于"), ("但是", "不过"), ("，", ","),
    ("。", "！"), ("我", "本人"), ("希望", "盼"), ("可以", "能"), ("开始", "起"), ("什么", "啥"),
    ("怎么", "咋"), ("异响", "响声"),
)  # fmt: skip


class _Script(NamedTuple):
    phrases: tuple[tuple[str, str], ...]
    characters: dict[int, str]
    spoken: dict[str, str]


@cache
def _script() -> _Script:
    """Read ``traditional.txt``: phrases, single characters, and characters with their pinyin."""
    path = Path(__file__).with_name("traditional.txt")
    lines = [x.split("\t") for x in path.read_text(encoding="utf-8").splitlines() if not x.startswith("#")]
    return _Script(
        tuple((s, t) for s, t, _ in lines if len(s) > 1),
        {ord(s): t for s, t, _ in lines if len(s) == 1},
        {t: f"{t}({p})" for s, t, p in lines if p},
    )


def traditional(text: str) -> str:
    """Return the text in Traditional characters, as far as the table knows them."""
    script = _script()
    for simple, written in script.phrases:
        if simple in text:
            text = text.replace(simple, written)
    return text.translate(script.characters)


def pinyin_debris(text: str, rand: Rand, rate: float) -> str:
    """Return the text in Traditional characters, some of them followed by their pinyin in brackets."""
    spoken = _script().spoken
    return "".join(spoken[c] if c in spoken and rand() < rate else c for c in traditional(text))


def edited_copy(text: str, rand: Rand) -> str:
    """Return the text as somebody else passes it on: an opening, words swapped, another tail."""
    original = text
    for _ in range(1 + int(rand() * 3)):
        old, new = _SWAPS[int(rand() * len(_SWAPS))]
        text = text.replace(old, new, 1)
    clauses = _CLAUSE.split(text)
    if len(clauses) > 7 and rand() < 0.3:
        text = "".join(clauses[:-1]).rstrip("，,；; ")
    if rand() < 0.5 or text == original:
        text = _OPENINGS[int(rand() * len(_OPENINGS))] + text
    if rand() < 0.6:
        text = text.rstrip("。！") + _ENDINGS[int(rand() * len(_ENDINGS))]
    return text


def full_width(text: str) -> str:
    """Return Latin letters and digits as full-width forms, as some input methods leave them."""
    return text.translate(_WIDE)


_WIDE = {c: c + 0xFEE0 for c in range(0x21, 0x7F) if chr(c).isalnum()}


def fragments(text: str, rand: Rand, most: int) -> list[str]:
    """Cut a text at its clauses into up to ``most`` messages, as people type in chats."""
    clauses = [c for c in _CLAUSE.split(text) if c.strip()]
    if len(clauses) < 2 or most < 2:
        return [text]
    parts: list[str] = []
    for clause in clauses:
        if not parts or (rand() < 0.55 and len(parts) < most):
            parts.append(clause)
        else:
            parts[-1] += clause
    return [_bare_end(part, rand) for part in parts]


def _bare_end(part: str, rand: Rand) -> str:
    return part.rstrip("，,；;\n ") if part[-1] in "，,；;\n" or rand() < 0.6 else part
