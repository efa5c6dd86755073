"""Pinyin debris: readings in brackets that a converter left behind each character, as in 企業(yè).

Here: which bracketed syllables are debris, for the fold (`ml.text.fold`, one pattern without context)
and for the repair of a whole text (`ml.text.normalize`, which also weighs how damaged the text is).
A bracket with content, such as 屏幕(OLED), (5G) or 咖啡(café), is never debris.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

HAN = "㐀-鿿豈-龎"
_INITIALS: tuple[str, ...] = (
    "",
    "b",
    "p",
    "m",
    "f",
    "d",
    "t",
    "n",
    "l",
    "g",
    "k",
    "h",
    "j",
    "q",
    "x",
    "zh",
    "ch",
    "sh",
)
_INITIALS += ("r", "z", "c", "s", "y", "w")
# Finals an initial takes; what no character is read with is left out.
_FINALS = {
    "": "a o e ai ei ao ou an en ang eng er",
    "b": "a o ai ei ao an en ang eng i ie iao ian in ing u",
    "p": "a o ai ei ao ou an en ang eng i ie iao ian in ing u",
    "m": "a o e ai ei ao ou an en ang eng i ie iao iu ian in ing u",
    "f": "a o ei ou an en ang eng u",
    "d": "a e ai ei ao ou an en ang eng ong i ia ie iao iu ian ing u uo ui uan un",
    "t": "a e ai ei ao ou an ang eng ong i ie iao ian ing u uo ui uan un",
    "n": "a e ai ei ao ou an en ang eng ong i ie iao iu ian in iang ing u uo uan ü üe",
    "l": "a e ai ei ao ou an ang eng ong i ia ie iao iu ian in iang ing u uo uan un ü üe o",
    "g": "a e ai ei ao ou an en ang eng ong u ua uo uai ui uan un uang",
    "k": "a e ai ei ao ou an en ang eng ong u ua uo uai ui uan un uang",
    "h": "a e ai ei ao ou an en ang eng ong u ua uo uai ui uan un uang",
    "j": "i ia ie iao iu ian in iang ing iong u ue uan un",
    "q": "i ia ie iao iu ian in iang ing iong u ue uan un",
    "x": "i ia ie iao iu ian in iang ing iong u ue uan un",
    "zh": "a e i ai ei ao ou an en ang eng ong u ua uo uai ui uan un uang",
    "ch": "a e i ai ao ou an en ang eng ong u ua uo uai ui uan un uang",
    "sh": "a e i ai ei ao ou an en ang eng u ua uo uai ui uan un uang",
    "r": "e i ao ou an en ang eng ong u ua uo ui uan un",
    "z": "a e i ai ei ao ou an en ang eng ong u uo ui uan un",
    "c": "a e i ai ao ou an en ang eng ong u uo ui uan un",
    "s": "a e i ai ao ou an en ang eng ong u uo ui uan un",
    "y": "a e o ao ou an ang ong i in ing u ue uan un",
    "w": "a o ai ei an en ang eng u",
}
_TONES = "̄́̌̀"
# Particles a converter writes without a tone.
_NEUTRAL = {
    "的": "de",
    "地": "de",
    "得": "de",
    "了": "le",
    "着": "zhe",
    "著": "zhe",
    "们": "men",
    "們": "men",
}
_NEUTRAL |= {"么": "me", "麼": "me", "吗": "ma", "嗎": "ma", "呢": "ne", "吧": "ba", "啊": "a", "嘛": "ma"}
_BODY = "[A-Za-züÜɡāáǎàăōóǒòēéěèīíǐìūúǔùǖǘǚǜńňǹ\u0300\u0301\u0304\u0308\u030c1-5 '’\\-]{1,24}"
# What may be debris; whether it is says `is_sure_debris`.
CANDIDATE = f"[(（\\[［【]{_BODY}[)）\\]］】]"
_CANDIDATE = re.compile(CANDIDATE)
# The opening bracket itself went lost: ?huì)
_BROKEN = re.compile(f"(?<=[?？�])({_BODY})[)）]")
_LONGEST_WORD = 4
# So many sure injections show that a converter went over the text.
DAMAGED_FROM = 3
_EXPLAINS = re.compile(r"(?:读[作音]?|念[作]?|发音|發音|拼音|注音|讀[作音]?|唸)[^，。！？\n]{0,4}$")


@lru_cache(maxsize=1)
def syllables() -> tuple[str, ...]:
    """Return the syllables of Mandarin without tones."""
    made = {initial + final for initial in _INITIALS for final in _FINALS[initial].split()}
    return tuple(sorted(made))


def _marked_vowel(syllable: str) -> int:
    """Return where the tone mark stands (rules of Hanyu Pinyin: a or e, o of ou, else the last vowel)."""
    for vowel in ("a", "e", "ou"):
        if vowel in syllable:
            return syllable.index(vowel)
    return max(syllable.rfind(vowel) for vowel in "iouü")


@lru_cache(maxsize=1)
def _spellings() -> tuple[frozenset[str], frozenset[str]]:
    """Return the syllables with a tone mark (composed) and those without any."""
    toned = {
        unicodedata.normalize("NFC", one[: place + 1] + tone + one[place + 1 :])
        for one in syllables()
        if (place := _marked_vowel(one)) >= 0
        for tone in _TONES
    }
    return frozenset(toned), frozenset(syllables())


@lru_cache(maxsize=4096)
def _toned_syllables(body: str) -> int:
    """Return of how many syllables a body consists, all but the last with a tone mark; 0 if of none."""
    # A font without the letters of pinyin leaves ɡ for g and ă for ǎ.
    written = unicodedata.normalize("NFC", body).lower().replace("ɡ", "g").replace("ă", "ǎ")
    words = [word for word in re.split("[ '’\\-]", written) if word]
    if not words:
        return 0
    counts = [_split(word, number == len(words) - 1) for number, word in enumerate(words)]
    total = sum(counts) if all(counts) else 0
    # A single syllable must have its tone.
    return 0 if total == 1 and written.strip() not in _spellings()[0] else total


def _split(word: str, may_end_plain: bool) -> int:
    toned, plain = _spellings()
    if not word:
        return 0
    if word in toned or (may_end_plain and word in plain):
        return 1
    for end in range(min(6, len(word) - 1), 0, -1):
        rest = _split(word[end:], may_end_plain) if word[:end] in toned else 0
        if rest:
            return rest + 1
    return 0


_HAN_RUN = re.compile(f"[{HAN}]+[”’」』\"'，。、]?$")


def is_sure_debris(text: str, start: int, end: int) -> bool:
    """Tell whether the bracket `text[start:end]` holds readings of the characters before it.

    As many syllables with tones as there are characters, up to four (the last may be without), or the
    reading of a particle (的(de)).
    """
    count = _toned_syllables(text[start + 1 : end - 1])
    if not count:
        return start > 0 and _NEUTRAL.get(text[start - 1]) == text[start + 1 : end - 1]
    before = _HAN_RUN.search(text, max(0, start - _LONGEST_WORD - 1), start)
    if before is None:
        return False
    return count <= _LONGEST_WORD and count <= sum(char not in _QUOTES for char in before.group())


_QUOTES = frozenset("”’」』\"'，。、")


def find_debris(text: str) -> list[tuple[int, int]]:
    """Return the spans of pinyin debris.

    In a text that a converter went over (`DAMAGED_FROM` sure places) also what would not be sure on its
    own: after any character, without or with numbered tones, with the opening bracket lost. In any other
    text a reading that is explained (“这个字读…”) stays.
    """
    candidates = [match.span() for match in _CANDIDATE.finditer(text)]
    spans = [span for span in candidates if is_sure_debris(text, *span)]
    if len(spans) < DAMAGED_FROM:
        return [span for span in spans if not _EXPLAINS.search(text, max(0, span[0] - 12), span[0])]
    spans = [span for span in candidates if _is_a_syllable(text, *span)]
    spans += [match.span() for match in _BROKEN.finditer(text) if _toned_syllables(match.group(1))]
    return sorted({*spans})


def _is_a_syllable(text: str, start: int, end: int) -> bool:
    """Tell whether a bracket in a damaged text is debris."""
    body = text[start + 1 : end - 1]
    if _toned_syllables(body):
        return True
    return _HAN_RUN.search(text, max(0, start - 2), start) is not None and body.rstrip("12345") in syllables()
