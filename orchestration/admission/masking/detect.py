"""Find and mask personal identifiers in one text."""

from __future__ import annotations

import re
from typing import NamedTuple

from orchestration.admission.masking import checks
from orchestration.admission.masking.fold import plain

MASKER_VERSION = "1"
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
_PATTERNS = (
    (
        "mail",
        re.compile(
            r"(?<![\w.+-])[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{2,63}){1,4}", re.A
        ),
    ),
    ("id_card", re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])")),
    ("phone", re.compile(r"(?<![0-9])(?:(?:\+|00)86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}(?![0-9])")),
    ("vin", re.compile(r"(?<![0-9A-Za-z])[A-HJ-NPR-Z0-9]{17}(?![0-9A-Za-z])")),
    ("bank_card", re.compile(r"(?<![0-9A-Za-z])62[0-9]{14,17}(?![0-9A-Za-z])")),
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
    taken: list[Found] = []
    for pii_class, pattern in _PATTERNS:
        for match in pattern.finditer(folded):
            start, end = match.span()
            if _holds(pii_class, match[0].upper()) and not any(
                start < f.end and f.start < end for f in taken
            ):
                taken.append(Found(pii_class, text[start:end], start, end))
    return _replace(text, sorted(taken, key=lambda found: found.start))


def _holds(pii_class: str, value: str) -> bool:
    if pii_class == "id_card":
        return checks.id_card_valid(value)
    if pii_class == "vin":
        return checks.vin_valid(value)
    return checks.luhn_valid(value) if pii_class == "bank_card" else True


def _replace(text: str, found: list[Found]) -> MaskResult:
    pieces, last = [], 0
    for item in found:
        pieces += [text[last : item.start], TOKENS[item.pii_class]]
        last = item.end
    return MaskResult("".join([*pieces, text[last:]]) if found else text, tuple(found))
