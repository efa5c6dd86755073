"""Find names and addresses, as far as cues reach; what they do not reach stands in the docs.

Works on folded text (`fold.py`). A name needs a cue before it (我叫, 联系人) or a title after it
(先生, 经理); an address needs a cue, or a road or estate together with a door. Bare names are not
found by rules: access control carries that promise, not masking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

from orchestration.admission.masking.numbers import Span

_CJK = "\u4e00-\u9fff"


def _read_words() -> dict[str, frozenset[str]]:
    """Return the word lists of people_words.txt by section."""
    sections: dict[str, set[str]] = {}
    name = ""
    lines = files(__package__).joinpath("people_words.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("["):
            name = line.strip("[]")
            sections[name] = set()
        elif line and not line.startswith("#"):
            sections[name].update(line.split())
    return {section: frozenset(words) for section, words in sections.items()}


_WORDS = _read_words()
_SURNAMES = _WORDS["surnames"]
_EVERYDAY = _WORDS["everyday"]
_COMPOUND = _WORDS["compound"]
_NOT_GIVEN = _WORDS["not_given"]
_TITLES = (
    "先生|女士|小姐(?!姐)|师傅|经理|主管|顾问|店长|老师|太太|主任|大哥|大姐|阿姨|总监|队长"
    "|技师|工程师|警官|医生|律师|老板|同志"
)
TITLE = re.compile(_TITLES + "|总说|总讲|总回|总接|总来|总态|总,|总。|工说|工讲|工回|工接|工来|工态|工,|工。")
_SHORT_TITLE_BEFORE = frozenset("户主的是找叫跟让由给请问被老小位姓、,。!?:;( ")
_NO_NAMES = _WORDS["no_names"]
_WORD_ENDS = _WORDS["word_ends"]
_CUE = re.compile(
    r"(?:我叫做?|名字(?:叫|是)|(?<![著知有])名叫|本人(?:姓名|名叫)?|(?:联系|投诉|收件|收货|报修|反馈|当事)人(?:姓名)?|(?:客户|车主|用户|真实)?姓名"
    r"|户名|称呼 ?(?=:)|一位叫|有个叫|(车主|客户|机主|用户|司机) ?(?=:))(?:是|为|叫)?( ?: ?| )?"
)
_NAME_AFTER = re.compile(rf"[{_CJK}]{{2,4}}")
_FOREIGN_NAME = re.compile(rf"[{_CJK}]{{2,6}}\.[{_CJK}]{{2,8}}")
_FOLLOWS = re.compile(
    rf"电话|手机|联系|身份|地址|住址|性别|先生|女士|小姐|年龄|车牌|车架|微信|邮箱|证件|号码|(?:{_TITLES})"
)
_NOT_A_NAME = _WORDS["not_a_name"]
_FAMILY_NAME = re.compile(rf"(?:免贵|我|他|她|个|位|本人)姓([{_CJK}])(?![名氏])")

NAME_CUE_GATE = re.compile(
    "我叫|名字|名叫|本人|系人|诉人|件人|货人|修人|馈人|事人|姓名|户名|车主:|客户:|机主:"
    "|用户:|司机:|车主 :|客户 :|称呼|位叫|个叫|贵姓|我姓|他姓|她姓|位姓|个姓"
)
ADDRESS_CUE_GATE = re.compile(
    "地址|住址|住地|籍地|住在|居在|现居|家在|我住|现住|家住|就住|寄到|寄往|送到|发到|邮到"
)
DOOR_GATE = re.compile("[0-9](?:[栋幢座弄组室]|号楼|单元|-[0-9]{1,3}-[0-9])")

_ADDRESS_CUE = re.compile(
    r"(?<![店司商网P站])(?:(?:家庭|联系|收货|通讯|邮寄|详细|取车|上门|现住|居住|户籍|送车|办公|我家|我的)?(?:取车)?地址|住址|[居]住地|户籍地|(?:现|暂)?居住?[在于]|现居|(?:住|家)在"
    r"|(?:我|现|家|就)住|寄到|寄往|送到|发到|邮到)(?:是|为|在|:| ){0,3}"
)
_LONGEST_ADDRESS = 120
_ADDRESS_BODY = re.compile(rf"[{_CJK}0-9A-Za-z()#.~\-]{{4,60}}(?: [{_CJK}0-9A-Za-z()#\-]{{2,30}}){{0,2}}")
_AREA_WORD = re.compile(f"[省市区县镇乡村路街道巷弄苑城庭府湾屯庄组坊园寓厦馆岛里](?<=[{_CJK}]{{3}})")
_NO_PLACE = frozenset("的这那最我了着过进几")
_HOUSE_NUMBER = re.compile("[0-9]{1,5}(?:号|弄|栋|幢|座|组|室|-[0-9])")
_ADDRESS_END = re.compile(
    r"(?:[0-9A-Za-z一二三四五六七八九十]{1,5}(?:号楼|号院|号|室|栋|幢|座|单元|楼|层|弄|组|户|期)|[0-9]{1,4}(?:-[0-9]{1,4}){1,3}|小区|花园|家园|公寓|[苑村庄])"
    r"(?:[0-9]{1,4}(?:-[0-9]{1,4}){0,2}(?:室|(?![0-9-]|号|栋|幢|弄|组|座|单元|楼|层|户|期)))?"
)
_DOOR = re.compile(
    r"[0-9]{1,4}(?:栋|幢|号楼|座|单元|弄|组)[0-9A-Za-z]{0,3}(?:单元|号楼|[号栋楼座室户])?(?:[0-9]{1,4}(?:-[0-9]{1,4}){0,2}(?:[室号户]|(?![0-9栋幢弄座组楼]|单元)))?"
    r"|[0-9]{1,3}-[0-9]{1,3}-[0-9]{2,4}(?![0-9-])|[0-9]{3,4}室"
)
_ROOM = re.compile("[0-9]{1,4}(?:[室号户]|(?![0-9.-]))")
_NO_ADDRESS = re.compile(rf"[^{_CJK}0-9A-Za-z()\-]")
_PLACE = re.compile(
    f"(?:[路街巷弄村镇乡苑城里庭府园寓区道](?<=[{_CJK}]{{3}})|[市区县](?<=[{_CJK}]{{3}})[{_CJK}]{{2,8}}$)"
)
_LEFT_CUT = re.compile("[在到于是往从去住停叫]")


def find_cued_names(text: str) -> Iterator[Span]:
    """Yield names after a cue (我叫, 姓名:) and surnames after 姓."""
    for match in _CUE.finditer(text):
        length = _cued_length(text, match)
        if length:
            yield "person_name", match.end(), match.end() + length
    for match in _FAMILY_NAME.finditer(text):
        if match[1] in _SURNAMES:
            yield "person_name", *match.span(1)


def find_titled_names(text: str) -> Iterator[Span]:
    """Yield names before a title (王先生, 李小明经理)."""
    for match in TITLE.finditer(text):
        length = _titled_length(text, match)
        if length:
            yield "person_name", match.start() - length, match.start()


def _cued_length(text: str, cue: re.Match[str]) -> int:
    """Return the number of characters of the name after a cue, 0 if none."""
    is_speaker = cue[1] is not None
    with_colon = ":" in (cue[2] or "") and not is_speaker
    if with_colon and (foreign := _FOREIGN_NAME.match(text, cue.end())):
        return len(foreign[0])
    match = _NAME_AFTER.match(text, cue.end())
    if match is None or match[0][:2] in _NOT_A_NAME or match[0][:2] in _NO_NAMES:
        return 0
    compound = 2 if match[0][:2] in _COMPOUND else 0
    if not compound and match[0][0] not in _SURNAMES:
        is_alone = len(match[0]) <= 4 and not text[match.end() : match.end() + 1].isalpha()
        return len(match[0]) if with_colon and is_alone and not set(match[0]) & _NOT_GIVEN else 0
    length = _given_end(text, cue.end(), max(compound, 1), with_colon)
    # In a transcript 客户: starts whatever the customer says, seldom a name.
    is_weak = not with_colon and (match[0][0] in _EVERYDAY or "本人" in cue[0]) and not compound
    if is_speaker and match[0][0] in _EVERYDAY:
        return 0
    return 0 if (is_weak or is_speaker) and not _ends_there(text, cue.end() + length) else length


def _given_end(text: str, start: int, surname: int, with_colon: bool) -> int:
    """Return the length of surname and given name (one or two characters) from `start`."""
    first = text[start + surname : start + surname + 1]
    if (
        not first
        or first in _NOT_GIVEN
        or not "\u4e00" <= first <= "\u9fff"
        or _FOLLOWS.match(text, start + surname)
    ):
        return surname if with_colon or surname == 2 else 0
    place = start + surname + 1
    second = text[place : place + 1]
    is_given = "\u4e00" <= second <= "\u9fff" and second not in _NOT_GIVEN and not _FOLLOWS.match(text, place)
    return surname + 1 + is_given


def _ends_there(text: str, place: int) -> bool:
    following = text[place : place + 1]
    return (
        not "\u4e00" <= following <= "\u9fff"
        or following in "于在是"
        or _FOLLOWS.match(text, place) is not None
    )


def _titled_length(text: str, title: re.Match[str]) -> int:
    """Return the number of characters of the name right before a title, 0 if none."""
    before = text[max(0, title.start() - 4) : title.start()]
    if not _may_hold_name(before):
        return 0
    if title[0][0] in "总工" and title[0] not in {"工程师", "总监"}:
        is_named = (
            before[-1] in _SURNAMES
            and before[-1] not in _EVERYDAY
            and before[-1] + title[0][0] not in _WORD_ENDS
        )
        return int(is_named and (len(before) == 1 or before[-2] in _SHORT_TITLE_BEFORE))
    return _full_name_length(before) or _surname_length(before, title[0])


def _may_hold_name(before: str) -> bool:
    if not before or not "\u4e00" <= before[-1] <= "\u9fff":
        return False
    return not _SURNAMES.isdisjoint(before) or any(
        before[place : place + 2] in _COMPOUND for place in range(3)
    )


def _full_name_length(before: str) -> int:
    for length in (4, 3, 2):
        if before[-length:][:2] in _COMPOUND and len(before) >= length:
            return length
    for length in (3, 2):
        name = before[-length:]
        if len(before) >= length and _is_full_name(name, before[-length - 1 : -length]):
            return length
    return 0


def _surname_length(before: str, title: str) -> int:
    surname, word = before[-1], before[-2:]
    if surname not in _SURNAMES or word in _WORD_ENDS or surname + title == "康师傅":
        return 0
    is_at_edge = len(before) == 1 or before[-2] in _SHORT_TITLE_BEFORE or before[-2] in _NOT_GIVEN
    return 1 if is_at_edge or surname not in _EVERYDAY else 0


def _is_full_name(name: str, before: str) -> bool:
    if name[0] not in _SURNAMES or name[:2] in _NO_NAMES or set(name[1:]) & _NOT_GIVEN:
        return False
    if not all("\u4e00" <= character <= "\u9fff" for character in name):
        return False
    return before + name[0] not in _WORD_ENDS and name[-2:] not in _WORD_ENDS


def find_cued_addresses(text: str) -> Iterator[Span]:
    """Yield addresses after a cue (地址:, 住在)."""
    last = next_end = 0
    for match in _ADDRESS_CUE.finditer(text):
        start = match.end()
        # Text full of cues without an address must stay cheap: ask once where the next one could end.
        if next_end < start:
            ahead = _ADDRESS_END.search(text, start)
            if ahead is None:
                return
            next_end = ahead.end()
        if start < last or next_end - start > _LONGEST_ADDRESS:
            continue
        end = _address_end(text, match)
        if end:
            last = end
            yield "address", start, end


def find_doors(text: str) -> Iterator[Span]:
    """Yield addresses without a cue: a road or an estate with a door."""
    last = 0
    for match in _DOOR.finditer(text):
        start = _address_start(text, match.start()) if match.start() >= last else None
        if start is not None:
            last = _longest_door(text, match.end())
            yield "address", start, last


def _address_end(text: str, cue: re.Match[str]) -> int:
    """Return where the address after a cue ends, 0 if what follows is none."""
    start = cue.end()
    body = _ADDRESS_BODY.match(text, start)
    if body is None or body[0][0] in _NO_PLACE:
        return 0
    ends = [match.end() for match in _ADDRESS_END.finditer(body[0])]
    address = body[0][: ends[-1]] if ends else ""
    if len(address) < 5 or not _AREA_WORD.search(address):
        return 0
    # 住在, 送到 and the like also stand before hotels and any village: they need a house number.
    is_named = "址" in cue[0] or _HOUSE_NUMBER.search(address) is not None
    return start + ends[-1] if is_named else 0


def _longest_door(text: str, end: int) -> int:
    while (more := _DOOR.match(text, end)) or (more := _ROOM.match(text, end)):
        end = more.end()
    return end


def _address_start(text: str, door: int) -> int | None:
    """Return where the address before a door begins, None if no road or estate stands there."""
    before = _NO_ADDRESS.split(text[max(0, door - 44) : door])[-1]
    if not _PLACE.search(before):
        return None
    start = door - len(before)
    for cut in _LEFT_CUT.finditer(before):
        if _PLACE.search(before, cut.end()):
            start = door - len(before) + cut.end()
    return start
