"""Find what is made of digits alone: ID cards, mobile and landline numbers, bank cards.

Works on folded text (`fold.py`). One linear pass cuts the text into runs of digits with gaps; each
run is judged as a whole, then by the shapes people write when several numbers share a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from orchestration.admission.masking import checks

Span = tuple[str, int, int]

_GAP = r"[ \-.,()/_~、]"
# A pattern that starts with a plain character class is scanned several times faster than one that
# starts with a look-behind: hence the look-behind after the first digit.
RUN = re.compile(rf"[0-9](?<![0-9][0-9])(?:{_GAP}{{0,3}}+[0-9]){{6,}}+(?:{_GAP}?[xX](?![A-Za-z0-9]))?")
_PIECE = re.compile(r"[0-9](?:[ \-.()_~]{0,3}+[0-9]){9,}+(?:[ \-.]?[xX](?![A-Za-z0-9]))?")
# Digits one by one with gaps between; not the tail of a longer row of single digits.
_ONE_BY_ONE = re.compile(
    r"[0-9](?<![0-9].)(?=[ \-.])(?:(?<![0-9][ .\-].)(?<![0-9] - .)|(?<=[0-9]{2}[ .\-].))"
    r"(?:[ \-.]{1,3}+[0-9](?![0-9])){9,18}+(?:[ \-.]{1,3}[xX](?![A-Za-z0-9]))?(?![ \-.]{0,3}[0-9](?![0-9]))"
)
_PHONE_LISTED = re.compile(r"1(?<![0-9].)(?<![0-9][,、].)[,、][3-9](?:[,、][0-9]){9}(?![0-9])(?![,、][0-9])")
_GROUP = re.compile(r"[0-9]+")
_NO_GAPS = str.maketrans("", "", " -.,()/_~、")
_NOT_DIGIT = re.compile(r"[^0-9]+")

# Province and city codes of the numbering plan, without the leading 0.
_AREA_3 = "(?:10|2[0-57-9])"
_AREA_4 = (
    "(?:3(?:1[0-9]|35|49|5[0-9]|7[0-79]|9[1-8])|4(?:1[0-9]|2[179]|3[1-9]|5[1-9]|6[4789]|7[0-9]|8[23])"
    "|5(?:1[0-9]|2[37]|3[0-9]|4[36]|5[0-9]|6[1-6]|7[0-9]|80|9[1-9])|6(?:3[1-5]|6[0238]|9[12])"
    "|7(?:01|1[0-9]|2[248]|3[0-9]|4[3-6]|5[0-9]|6[023689]|7[0-9]|9[0-9])"
    "|8(?:1[2367]|2[5-7]|3[0-9]|5[1-9]|7[0-9]|8[3678]|9[1-8])|9(?:0[1-36-9]|1[1-9]|3[0-9]|4[13]|5[1-5]|7[0-79]|9[0-9]))"
)
_LANDLINE_DIGITS = re.compile(rf"(?:0|0{{0,2}}860?)(?:{_AREA_3}[2-8][0-9]{{7}}|{_AREA_4}[2-8][0-9]{{6,7}})")
_LANDLINE_BODY = (
    rf"(?:{_AREA_3}\)?[ .\-]{{0,3}}[2-8][0-9]{{3}}"
    rf"|{_AREA_4}\)?[ .\-]{{0,3}}[2-8][0-9]{{2,3}})[ .\-]?[0-9]{{4}}(?![0-9])"
)
_LANDLINE = re.compile(rf"[(0](?<![0-9].)(?:(?<=0)|0){_LANDLINE_BODY}")
_LANDLINE_ABROAD = re.compile(rf"8(?<![1-9]8)6\)?[ -]{{0,3}}\(?0?{_LANDLINE_BODY}")
_EXTENSION = re.compile(r" ?(?:转|轉|分机|-|ext\.?|#) ?[0-9]{1,5}(?![0-9])", re.IGNORECASE)
_LANDLINE_CUED = re.compile(
    r"(?:座机|固话|宅电|家电话|电话|传真|(?<![A-Za-z])[Tt][Ee][Ll])(?:号码|号|是|:|\.| ){0,3}"
    r"([2-8][0-9]{2,3}[ -]?[0-9]{4})(?![0-9.]|[ -][0-9])"
)

_PHONE_BODY = (
    r"[3-9][0-9](?:[0-9]{8}|[ .\-_,、/]{1,3}[0-9]{4}[ .\-_,、/]{1,3}[0-9]{4}"
    r"|[ .\-_]{1,3}[0-9]{8}|[0-9]{4}[ .\-_]{1,3}[0-9]{4})(?![0-9])"
)
_PHONE = re.compile(rf"1(?<![0-9]1){_PHONE_BODY}")
_PHONE_ABROAD = re.compile(rf"8(?<![1-9]8)6\)?[ -]{{0,3}}1{_PHONE_BODY}")
_PHONE_SHAPES = {
    (11,), (3, 4, 4), (3, 8), (7, 4), (4, 4, 3), (4, 3, 4), (3, 3, 5), (3, 5, 3), (5, 6), (6, 5), (5, 3, 3),
    (3, 4, 2, 2), (3, 2, 2, 2, 2), (3, 2, 2, 4), (3, 3, 3, 2), (3, 2, 3, 3), (1, 2, 4, 4),
    (1, 10), (1, 3, 3, 4),
}  # fmt: skip
# A longer run is a list of numbers: only the usual shapes are looked for in it.
_SHORT_RUN = 120
_PHONE_CUE = re.compile(
    r"(?:电话|手机|号码|联系|微信|拨打|致电|[Tt][Ee][Ll]|[Pp]hone|[Mm]obile|打)[^0-9]{0,6}$"
)
_PHONE_PREFIXES = (("", 11), ("0", 12), ("86", 13), ("086", 14), ("0086", 15))
# An order or part number may look like a mobile; it is one when its name stands right before it.
_ORDER_CUE = re.compile(
    r"(?:订单|单|工|编|件|流水|票|保单|运单|快递|序列|批次|税|合同|配件|零件|款|[Ss][Nn]|[Oo]rder)"
    r"(?:编号|编码|号码|号|码)?(?:是|为|:| |#|[Nn][Oo]\.?){0,3}[A-Z]{0,4}$"
)
_LETTERS_BEFORE = re.compile(r"[A-Za-z]{1,12}$")
_PHONE_WORDS = frozenset(
    {"tel", "phone", "mobile", "mob", "ph", "call", "cell", "contact", "hp", "t", "m", "p", "no"}
    | {"v", "wx", "vx", "weixin", "wechat", "q", "qq"}
)
_UNIT_AFTER = re.compile(r" ?(?:元|块|公里|千米|万|km|KM|个(?!人)|%|\.[0-9]{1,2}(?![0-9]))")

_DATE = (
    r"(?:1{g}[89]|2{g}0){g}[0-9]{g}[0-9]{g}(?:0{g}[1-9]|1{g}[0-2]){g}(?:0{g}[1-9]|[12]{g}[0-9]|3{g}[01])"
).replace("{g}", f"{_GAP}{{0,3}}+")
_ID_CARD = re.compile(
    rf"[1-9](?<![0-9].)(?=([0-9]{{2}}(?:{_GAP}{{0,3}}+[0-9]){{3}}{_GAP}{{0,3}}+{_DATE}(?:{_GAP}{{0,3}}+[0-9]){{3}}"
    rf"{_GAP}{{0,3}}+[0-9Xx])(?![0-9A-Za-z]))"
)
_ID_CUE = re.compile(r"(?:身份证|证件|[Ii][Dd])[^0-9]{0,8}$")
_OLD_ID = re.compile(r"[1-9](?<![0-9].)[0-9]{14}(?![0-9])")

_CARD = re.compile(
    r"[2-69](?<![0-9].)(?:[0-9]{14,18}"
    r"|[0-9]{3}(?:[ \-.]{1,3}[0-9]{4}){3}(?:[ \-.]{0,3}[0-9]{1,3})?"
    r"|[0-9]{5}[ \-.]{1,3}[0-9]{9,13})(?![0-9])"
)
# UnionPay, old domestic heads, Visa, Mastercard, JCB, American Express; with the lengths in use.
_CARD_HEAD = re.compile(
    r"(?:62[0-9]{14,17}|(?:9558|9111|60|69|43674[25])[0-9]{10,15}|(?:4|5[1-5]|2[2-7]|35)[0-9]{14,15}|3[47][0-9]{13})"
)
_CARD_CUE = re.compile(r"(?:银行卡|储蓄卡|信用卡|借记卡|卡号|[工农建招交]行)[^0-9]{0,6}$")

_LEFT_EDGE = re.compile(r"(?:\(?\+ ?|\()$")


def find_id_cards(text: str) -> Iterator[Span]:
    """Yield 18-character ID cards with checksum; with a cue also mistyped and 15-digit ones."""
    for match in _ID_CARD.finditer(text):
        start, end = match.start(), match.end(1)
        value = _alphanumeric(text[start:end])
        if checks.id_card_valid(value) or (
            checks.id_card_plausible(value) and _ID_CUE.search(text, max(0, start - 16), start)
        ):
            yield "id_card", start, end
    for match in _OLD_ID.finditer(text):
        if checks.old_id_card_plausible(match[0]) and _ID_CUE.search(
            text, max(0, match.start() - 16), match.start()
        ):
            yield "id_card", *match.span()


def find_one_by_one(text: str) -> Iterator[Span]:
    """Yield identifiers of any class here whose digits stand one by one (1 3 8 0 0 …)."""
    for match in _ONE_BY_ONE.finditer(text):
        start, end = match.span()
        value = _alphanumeric(match[0])
        if checks.id_card_valid(value):
            yield "id_card", start, end
        elif len(value) == 11 and value[0] == "1" and value[1] in "3456789":
            if _may_be_phone(text, start, end):
                yield "phone", start, end
        elif _LANDLINE_DIGITS.fullmatch(value):
            yield _landline_span(text, start, end)
        elif value.isdigit() and _card_holds(text, start, value):
            yield "bank_card", start, end
    for match in _PHONE_LISTED.finditer(text):
        yield "phone", *match.span()


def find_phones(text: str, runs: list[tuple[int, int]]) -> Iterator[Span]:
    """Yield mobile numbers in every run: contiguous or grouped, with or without country code."""
    for start, end in runs:
        if end - start == 11:
            if text[start] == "1" and text[start + 1] in "3456789" and _phone_run(text, start, end):
                yield _phone_span(text, start, end)
            continue
        whole: list[tuple[int, int]] = []
        if end - start <= _SHORT_RUN:
            pieces = (match.span() for match in _PIECE.finditer(text, start, end))
            whole = [piece for piece in pieces if piece[1] - piece[0] <= 50 and _phone_run(text, *piece)]
            yield from (_phone_span(text, *piece) for piece in whole)
        if not whole or end - start > 24:
            yield from _shaped_phones(text, start, end)


def find_landlines(text: str, runs: list[tuple[int, int]]) -> Iterator[Span]:
    """Yield landline numbers with area code; never 400/800 numbers, which are companies'."""
    for start, end in runs:
        matches = _LANDLINE.finditer(text, max(0, start - 1), end)
        if "86" in text[start:end]:
            matches = chain(_LANDLINE_ABROAD.finditer(text, start, end), matches)
        for match in matches:
            if not _is_order(text, match.start()):
                yield _landline_span(text, *match.span())


def find_cued_landlines(text: str) -> Iterator[Span]:
    """Yield landline numbers without area code after a cue (座机, 电话, tel)."""
    for match in _LANDLINE_CUED.finditer(text):
        yield "landline", *match.span(1)


def find_bank_cards(text: str, runs: list[tuple[int, int]]) -> Iterator[Span]:
    """Yield bank cards: plausible head and length with Luhn, or a cue."""
    for start, end in runs:
        if end - start < 15:
            continue
        for match in _CARD.finditer(text, start, end):
            if _card_holds(text, match.start(), _NOT_DIGIT.sub("", match[0])):
                yield "bank_card", *match.span()
        if 17 <= end - start <= 30 and _is_grouped_card(text, start, text[start:end]):
            yield "bank_card", start, end


def _is_grouped_card(text: str, start: int, raw: str) -> bool:
    """Return whether a whole run is a UnionPay card in unusual groups."""
    groups = _GROUP.findall(raw)
    is_grouped = len(groups) > 1 and min(map(len, groups)) >= 2 and raw.startswith("62")
    return is_grouped and _card_holds(text, start, "".join(groups))


def _shaped_phones(text: str, start: int, end: int) -> Iterator[Span]:
    matches = _PHONE.finditer(text, start, end)
    if "86" in text[start:end]:
        matches = chain(_PHONE_ABROAD.finditer(text, start, end), matches)
    for match in matches:
        if _may_be_phone(text, match.start(), match.end()):
            yield _phone_span(text, *match.span())


def _phone_run(text: str, start: int, end: int) -> bool:
    """Return whether a whole run of digits and gaps is one mobile number."""
    raw = text[start:end]
    digits = raw if raw.isdigit() else _NOT_DIGIT.sub("", raw)
    for prefix, length in _PHONE_PREFIXES:
        rest = len(prefix)
        if prefix == "0" and not raw.isdigit():
            continue
        if (
            len(digits) == length
            and digits.startswith(prefix)
            and digits[rest] == "1"
            and digits[rest + 1] >= "3"
        ):
            return _phone_grouped(text, start, raw, rest) and _may_be_phone(text, start, end)
    return False


def _phone_grouped(text: str, start: int, raw: str, prefix: int) -> bool:
    sizes = [len(group) for group in _GROUP.findall(raw)]
    while prefix:
        taken = min(prefix, sizes[0])
        prefix -= taken
        sizes[0] -= taken
        if not sizes[0]:
            sizes.pop(0)
    gaps = set(_GROUP.sub("", raw))
    looks_like_decimal = "." in gaps and (1 < max(sizes) <= 3 or (min(sizes) == 1 and len(sizes) == 2))
    if looks_like_decimal or ("," in gaps and 1 < max(sizes) <= 3):
        return False
    if tuple(sizes) in _PHONE_SHAPES or max(sizes) == 1:
        return True
    if _PHONE_CUE.search(text, max(0, start - 14), start):
        return True
    return len(gaps) == 1 and "," not in gaps and len(sizes) <= 4 and min(sizes) >= 2


def _may_be_phone(text: str, start: int, end: int) -> bool:
    if _UNIT_AFTER.match(text, end):
        return False
    before = text[start - 1 : start] if start else ","
    if before == " " and start > 1:
        before = text[start - 2]
    if before in ",;/\x00" or "0" <= before <= "9":
        return True
    if _is_order(text, start):
        return False
    if text[max(0, start - 2) : start] == "0." and not text[max(0, start - 3) : start - 2].isdigit():
        return False
    letters = _LETTERS_BEFORE.search(text, max(0, start - 12), start)
    if letters is None or letters[0].lower() in _PHONE_WORDS:
        return True
    return not (letters[0].isupper() and len(letters[0]) <= 4)


def _is_order(text: str, start: int) -> bool:
    return _ORDER_CUE.search(text, max(0, start - 14), start) is not None


def _card_holds(text: str, start: int, digits: str) -> bool:
    if not 15 <= len(digits) <= 19 or _is_order(text, start):
        return False
    if _CARD_HEAD.fullmatch(digits) and checks.luhn_valid(digits):
        return True
    return _CARD_CUE.search(text, max(0, start - 12), start) is not None


def _phone_span(text: str, start: int, end: int) -> Span:
    return "phone", _left_edge(text, start, end), end


def _landline_span(text: str, start: int, end: int) -> Span:
    extension = _EXTENSION.match(text, end)
    return "landline", _left_edge(text, start, end), extension.end() if extension else end


def _left_edge(text: str, start: int, end: int) -> int:
    """Take a plus sign with it, and an opening bracket that is closed inside the number."""
    if start == 0 or text[start - 1] not in "+( ":
        return start
    edge = _LEFT_EDGE.search(text, max(0, start - 3), start)
    if edge is None or ("(" in edge[0] and ")" not in text[start:end]):
        return start - 1 if text[start - 1] == "+" else start
    return edge.start()


def _alphanumeric(raw: str) -> str:
    if raw.isalnum():
        return raw.upper()
    return raw.translate(_NO_GAPS).upper()
