"""Mojibake: text that was read in another encoding than it was written in.

Here: lines that prove their origin (they lead back, byte for byte, to well-formed Chinese) are given
back; damage that lost bytes is only found and marked, never guessed at. What becomes of the rest of a
text is `ml.text.normalize`.
"""

from __future__ import annotations

import re
from functools import lru_cache

# What lost bytes leave behind: the replacement character (alone, or read as GBK: 锟斤拷), filled memory
# read as GBK, private-use characters, a euro sign (byte 80) between Chinese characters.
_LOST = re.compile(
    r"(?:锟斤拷|锟斤|斤拷|锟)+|�+|烫烫烫+|屯屯屯+|[\ue000-\uf8ff]+|(?<=[㐀-鿿])€(?=[㐀-鿿(])"
    # UTF-8 read as Latin-1 or Windows-1252: a lead byte and at least one trailing byte, twice.
    "|(?:[Â-ï][\u0080-¿ŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]{1,2}){2,}"
)
# Common characters, of which the text behind a shifted reading must consist.
_SHIFT = re.compile(r"[?？]{2}([㐀-鿿€]{1,12})")
_MARKS = frozenset("，。！？、；：“”（）…—")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
# Fewer characters may lead back to well-formed UTF-8 by chance (联通 read as GBK).
_PROOF_CHARS = 6
# So many characters that UTF-8 read as GBK is full of, and that are rare elsewhere, ask for a trial.
_TRIAL_FROM = 3
_LATIN = re.compile("[Â-ï\u0080-\u009f]")
# Share of well-formed characters that a trial must give: the rest is lost at odd ends.
_MOSTLY = 0.8


@lru_cache(maxsize=1)
def misread_characters() -> str:
    """Return the characters that the first two bytes of Chinese in UTF-8 (E3–E9, 80–BF) are in GBK."""
    codes = (bytes([lead, trail]) for lead in range(0xE3, 0xEA) for trail in range(0x80, 0xC0))
    return "".join(char for code in codes for char in code.decode("gbk", "ignore")) + "锛"


@lru_cache(maxsize=1)
def _misread() -> re.Pattern[str]:
    return re.compile(f"[{misread_characters()}]")


def _is_worth_a_trial(text: str) -> bool:
    return _LATIN.search(text) is not None or len(_misread().findall(text)) >= _TRIAL_FROM


def _as_read(line: str, charset: str) -> bytes:
    """Return the bytes a line was read from, as Windows reads them.

    A euro sign is byte 80 of GBK; bytes that Windows-1252 leaves open are the control characters.
    """
    if charset == "gb18030":
        return b"\x80".join(part.encode("gb18030") for part in line.split("€"))
    if charset == "cp1252":
        return b"".join(char.encode("latin-1" if "\x80" <= char <= "\x9f" else "cp1252") for char in line)
    return line.encode(charset)


def restore(text: str) -> tuple[str, int]:
    """Return the text with every line given back that proves its origin, and how many those are.

    Proof: all of the line, encoded as it was read (GB18030, Windows-1252 or Latin-1), is UTF-8 (or for
    Latin-1 also GBK) of mostly Chinese, from at least `_PROOF_CHARS` characters outside ASCII.
    """
    if not _is_worth_a_trial(text):
        return text, 0
    lines = text.split("\n")
    restored = [_restored(line) for line in lines]
    count = sum(one is not None for one in restored)
    if not count:
        return text, 0
    return "\n".join(new if new is not None else old for new, old in zip(restored, lines, strict=True)), count


def _restored(line: str) -> str | None:
    if len(_NOT_ASCII.findall(line)) < _PROOF_CHARS or not _is_worth_a_trial(line):
        return None
    for read_as, written_as in (
        ("gb18030", "utf-8"),
        ("cp1252", "utf-8"),
        ("latin-1", "utf-8"),
        ("latin-1", "gbk"),
    ):
        try:
            given_back = _as_read(line, read_as).decode(written_as)
        except UnicodeError:
            continue
        if _reads_as_chinese(given_back):
            return given_back
    return None


def _reads_as_chinese(text: str) -> bool:
    wide = _NOT_ASCII.findall(text)
    common = sum(char in _common() or char in _MARKS for char in wide)
    return bool(wide) and common >= 0.9 * len(wide)


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """Return the 3,755 characters of the first level of GB2312."""
    codes = (bytes([row, cell]) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    return frozenset(char for code in codes for char in code.decode("gb2312", "ignore"))


def find_damage(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text whose bytes were lost or are still misread, in order, without overlap."""
    spans = [match.span() for match in _LOST.finditer(text)]
    spans += _misread_runs(text)
    for match in _SHIFT.finditer(text) if "??" in text or "？？" in text else ():
        if _is_shifted(match.group(1)):
            spans.append(match.span())
    # A lost byte on both sides of a full stop: 提?。?/strong>
    spans += [match.span() for match in re.finditer(r"[?？]。[?？](?=/)", text)]
    return _merged(spans)


def _misread_runs(text: str) -> list[tuple[int, int]]:
    """Return the runs of characters that are mostly UTF-8 read as GBK, with bytes lost at their ends."""
    if len(_misread().findall(text)) < _TRIAL_FROM:
        return []
    return [match.span() for match in re.finditer(r"[^\x00-\x7f]+", text) if _is_misread(match.group())]


def _is_misread(run: str) -> bool:
    if len(_misread().findall(run)) < _TRIAL_FROM:
        return False
    tried = b"\x80".join(part.encode("gbk", "ignore") for part in run.split("€")).decode("utf-8", "replace")
    return len(tried) > 2 and sum(char in _common() or char in _MARKS for char in tried) >= _MOSTLY * len(
        tried
    )


def _is_shifted(run: str) -> bool:
    """Tell whether GBK bytes were read from one byte too late: 客户 → 突Ц, 客戶 → 蛻.

    A question mark stands for the byte A3 BF; the bytes read from one place earlier must be common
    characters, and the run as it stands must hold one that is not.
    """
    try:
        codes = b"\xbf" + b"\x80".join(part.encode("gbk") for part in run.split("€"))
    except UnicodeEncodeError:
        return True
    pairs = len(codes) // 2
    before = codes[: 2 * pairs].decode("gbk", "replace")
    return not any(char in _common() for char in run[:1]) and before[:1] in _common()


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
