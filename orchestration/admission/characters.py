"""Characters that tell of damage: control characters and text decoded with the wrong encoding.

Mojibake is only called when it can be proven: the text, put back into bytes by the wrong encoding,
is valid in the right one and turns into Chinese. Everything softer is left to later layers.
"""

from __future__ import annotations

import re

from orchestration.admission.reasons import Problem, Reason

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# A run of Latin letters and cp1252 signs as Chinese in UTF-8 or GBK becomes when read as Latin-1.
_LATIN_RUN = re.compile(
    "[\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    "\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]{4,}"
)
_KNOWN_WRECKS = re.compile("锟斤拷|烫烫烫|屯屯屯|\ufffd{3,}")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WIDE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\U00020000-\U0003ffff]")
_ASCII = bytes(range(128))
_SAMPLE = 64
_PROVEN_SHARE = 0.6


def character_problem(name: str, text: str) -> Problem | None:
    """Return NUL, another control character or mojibake in one field value (or None)."""
    if bad := _CONTROL.search(text):
        reason = Reason.NUL_CHARACTER if bad[0] == "\x00" else Reason.CONTROL_CHARACTER
        return Problem(reason, name, f"U+{ord(bad[0]):04X} at character {bad.start() + 1}")
    if not text.isascii() and is_mojibake(text):
        return Problem(Reason.MOJIBAKE, name, "text was decoded with a wrong encoding before it was sent")
    return None


def is_mojibake(text: str) -> bool:
    """Whether text provably went through a wrong encoding."""
    if _KNOWN_WRECKS.search(text) or _gbk_was_utf8(text[:_SAMPLE]):
        return True
    if _LATIN_RUN.search(text) is None:
        return False
    return any(_latin_was_chinese(run[0]) for run in _LATIN_RUN.finditer(text))


def looks_like_utf8(data: bytes) -> bool:
    """Whether bytes that could be GB18030 are in truth UTF-8 Chinese.

    Chance hits of GBK text in strict UTF-8 are two-byte letters; wide Chinese forms are not.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    foreign = [character for character in text if character > "\x7f"]
    wide = sum(1 for character in foreign if _WIDE.match(character))
    return bool(foreign) and wide >= _PROVEN_SHARE * len(foreign)


def _latin_was_chinese(run: str) -> bool:
    raw = _latin_bytes(run)
    if raw is None:
        return False
    if len(_HAN.findall(raw.decode("utf-8", "ignore"))) * 3 >= _PROVEN_SHARE * len(raw):
        return True
    try:
        return len(run) >= 6 and len(_HAN.findall(raw.decode("gb2312"))) * 2 >= _PROVEN_SHARE * len(raw)
    except UnicodeDecodeError:
        return False


def _latin_bytes(run: str) -> bytes | None:
    out = bytearray()
    for character in run:
        try:
            out += character.encode("latin-1" if character <= "\xff" else "cp1252")
        except UnicodeEncodeError:
            return None
    return bytes(out)


def _gbk_was_utf8(text: str) -> bool:
    raw = text.encode("gb18030", "ignore")
    recovered = len(_WIDE.findall(raw.decode("utf-8", "ignore")))
    if recovered < 2:  # nearly every honest text ends here
        return False
    return recovered * 3 >= _PROVEN_SHARE * len(raw.translate(None, _ASCII))
