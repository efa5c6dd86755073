"""Mask one text: gates, finders in order of priority, windows for long records, spans back.

Priority where candidates overlap: mail, ID card, mobile, VIN, bank card, landline, plate, WeChat,
QQ, address, name. A finder sees what an earlier one took as blanked out, so spans never overlap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from orchestration.admission.masking import codes, numbers, people
from orchestration.admission.masking.fold import SPOKEN, SPOKEN_DIGITS, ZERO_WIDTH, plain
from orchestration.admission.masking.numbers import Span

MASKER_VERSION = "3"
TOKENS = {
    "phone": "[手机]",
    "landline": "[座机]",
    "id_card": "[身份证]",
    "bank_card": "[银行卡]",
    "mail": "[邮箱]",
    "plate": "[车牌]",
    "vin": "[车架号]",
    "wechat": "[微信]",
    "qq": "[QQ]",
    "person_name": "[姓名]",
    "address": "[地址]",
}

WINDOW = 2_000
# Longer than any identifier with its cue (an address, an ID card spaced three wide).
MARGIN = 200

_BLANK = "\x00"
# Sounds of hesitation stand between spoken digits as a gap does.
_SPOKEN_TEXT = SPOKEN | dict.fromkeys(map(ord, "嗯呃啊哦额"), " ")
_WORD = "".join(SPOKEN_DIGITS)
_LOOSE = r"[ \-.,()/_~、嗯呃啊哦额]{0,3}+"
_SPOKEN_RUN = re.compile(rf"[0-9{_WORD}](?:{_LOOSE}[0-9{_WORD}]){{5,}}+")
_WORD_NO_DIGIT = re.compile(
    "[一两](?=[直下样定般些起边共辆台家会种句])|[一二三四五六七八九两](?=[个点年月天次块])|(?<=[唯统同第])[一二三四五六七八九]"
)
_ANY_DIGIT = re.compile("[0-9]")
_ANY_WORD = re.compile(f"[{_WORD}]")
# Gate, finder and the table of number words the finder wants applied.
_WORD_FINDERS: tuple[tuple[re.Pattern[str], Callable[[str], Iterator[Span]], dict[int, str] | None], ...] = (
    (codes.PLATE_GATE, codes.find_plates, SPOKEN),
    (codes.WECHAT_GATE, codes.find_wechats, None),
    (codes.QQ_GATE, codes.find_qqs, _SPOKEN_TEXT),
    (people.ADDRESS_CUE_GATE, people.find_cued_addresses, None),
    (people.DOOR_GATE, people.find_doors, None),
    (people.NAME_CUE_GATE, people.find_cued_names, None),
    (people.TITLE, people.find_titled_names, None),
)


class Found(NamedTuple):
    """One identifier; `start` and `end` are code points in the original text."""

    pii_class: str
    value: str
    start: int
    end: int


class MaskResult(NamedTuple):
    """The masked text and what was found in it, in order of place."""

    text: str
    found: tuple[Found, ...]


def mask_text(text: str) -> MaskResult:
    """Replace each identifier by its typed token; a text without one comes back as it is."""
    folded = plain(text)
    kept: list[int] | None = None
    if ZERO_WIDTH.search(folded):
        kept = [place for place, character in enumerate(folded) if not ZERO_WIDTH.match(character)]
        folded = ZERO_WIDTH.sub("", folded)
    spans = _find(folded) if len(folded) <= WINDOW else _find_by_window(folded)
    if not spans:
        return MaskResult(text, ())
    return _replace(text, spans if kept is None else _map_back(spans, kept, len(text)))


def _find_by_window(text: str) -> list[Span]:
    """Search overlapping windows; a span belongs to the window in whose core it starts."""
    spans: list[Span] = []
    taken = 0
    for core in range(0, len(text), WINDOW - 2 * MARGIN):
        core_end = core + WINDOW - 2 * MARGIN
        left = max(0, core - MARGIN)
        for pii_class, start, end in _find(text[left : core_end + MARGIN]):
            if core <= start + left < core_end and start + left >= taken:
                taken = end + left
                spans.append((pii_class, start + left, taken))
    return spans


def _find(text: str) -> list[Span]:
    """Return non-overlapping spans in order of place; a gate before each finder."""
    spans: list[Span] = []
    if codes.MAIL_GATE.search(text):
        text = _take(spans, text, codes.find_mails(text))
    runs = [match.span() for match in numbers.RUN.finditer(text)]
    if runs:
        text = _find_first_numbers(spans, text, runs)
    if _ANY_DIGIT.search(text) and codes.VIN_GATE.search(text):
        text = _take(spans, text, codes.find_vins(text))
    if runs:
        text = _find_last_numbers(spans, text, runs)
    if any(_ANY_WORD.search(match[0]) for match in _SPOKEN_RUN.finditer(text)):
        text = _find_spoken(spans, text)
    for gate, finder, table in _WORD_FINDERS:
        if gate.search(text):
            text = _take(spans, text, finder(text if table is None else text.translate(table)))
    spans.sort(key=lambda span: span[1])
    return spans


def _find_first_numbers(spans: list[Span], text: str, runs: list[tuple[int, int]]) -> str:
    if any(end - start >= 15 for start, end in runs):
        text = _take(spans, text, numbers.find_one_by_one(text))
        text = _take(spans, text, numbers.find_id_cards(text))
    return _take(spans, text, numbers.find_phones(text, _still_open(text, runs)))


def _find_last_numbers(spans: list[Span], text: str, runs: list[tuple[int, int]]) -> str:
    text = _take(spans, text, numbers.find_bank_cards(text, _still_open(text, runs)))
    text = _take(spans, text, numbers.find_landlines(text, _still_open(text, runs)))
    return _take(spans, text, numbers.find_cued_landlines(text))


def _still_open(text: str, runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the runs an earlier finder has not taken whole."""
    return [(start, end) for start, end in runs if text[start] != _BLANK or text[end - 1] != _BLANK]


def _find_spoken(spans: list[Span], text: str) -> str:
    """Look again with number words as digits, only where a number word takes part.

    In 一直 or 两个 the word is no digit unless the number needs it: such words are tried both ways.
    """
    text = _find_spoken_as(spans, text, text.translate(_SPOKEN_TEXT))
    if not _WORD_NO_DIGIT.search(text):
        return text
    return _find_spoken_as(spans, text, _WORD_NO_DIGIT.sub(_BLANK, text).translate(_SPOKEN_TEXT))


def _find_spoken_as(spans: list[Span], text: str, spoken: str) -> str:
    runs = [m.span() for m in numbers.RUN.finditer(spoken) if _ANY_WORD.search(text, *m.span())]
    if not runs:
        return text
    found: list[Span] = []
    spoken = _take(found, spoken, numbers.find_one_by_one(spoken))
    spoken = _take(found, spoken, numbers.find_id_cards(spoken))
    for finder in (numbers.find_phones, numbers.find_bank_cards, numbers.find_landlines):
        spoken = _take(found, spoken, finder(spoken, runs))
    return _take(spans, text, found)


def _take(spans: list[Span], text: str, found: Iterable[Span]) -> str:
    """Add what is free to `spans`; return the text with it blanked out."""
    pieces: list[str] = []
    last = 0
    for span in sorted(found, key=lambda item: item[1]):
        _, start, end = span
        if start < last or _BLANK in text[start:end]:
            continue
        spans.append(span)
        pieces += [text[last:start], _BLANK * (end - start)]
        last = end
    return "".join([*pieces, text[last:]]) if last else text


def _map_back(spans: list[Span], kept: list[int], length: int) -> list[Span]:
    kept.append(length)
    return [(pii_class, kept[start], kept[end]) for pii_class, start, end in spans]


def _replace(text: str, spans: list[Span]) -> MaskResult:
    pieces: list[str] = []
    last = 0
    for pii_class, start, end in spans:
        pieces += [text[last:start], TOKENS[pii_class]]
        last = end
    found = tuple(Found(pii_class, text[start:end], start, end) for pii_class, start, end in spans)
    return MaskResult("".join([*pieces, text[last:]]), found)
