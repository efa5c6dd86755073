"""Find what is made of letters and digits: mail addresses, VINs, plates, WeChat and QQ accounts.

Works on folded text (`fold.py`); each pattern starts from a rare sign (an @, a province before a
letter, a cue), so that a text without one costs a single scan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestration.admission.masking import checks
from orchestration.admission.masking.numbers import Span

_MAIL_PROVIDERS = (
    r"(?:vip\.)?(?:qq|163|126|139|189|gmail|sina|foxmail|outlook|hotmail|sohu|aliyun|yeah"
    r"|icloud|live|msn|wo|21cn|tom)"
)
_DOT = r"(?: {0,2}(?:\.|。|点|\(dot\)|\[dot\]| dot )) {0,2}"
_MAIL_HOST = (
    rf"[A-Za-z0-9](?:[A-Za-z0-9-]{{0,62}}+)(?:(?:\."
    rf"|{_DOT})[A-Za-z0-9-]{{1,63}}){{0,3}}(?:{_DOT}(?:com|cn|net|org|edu|gov|me"
    rf"|cc))+(?![A-Za-z0-9])"
)
_MAIL_ANY_HOST = r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,3}\.[A-Za-z]{2,24}(?![A-Za-z0-9])"
_MAIL = re.compile(
    rf" {{0,2}}(?:@ {{0,2}}(?:{_MAIL_HOST}|{_MAIL_ANY_HOST})"
    rf"|(?:\(at\)|\[at\]|艾特|#| at ) {{0,2}}(?:{_MAIL_PROVIDERS}){_DOT}(?:com|cn"
    rf"|net)(?:{_DOT}cn)?(?![A-Za-z0-9]))",
    re.IGNORECASE | re.ASCII,
)
MAIL_GATE = re.compile(r"@|艾特|#| at | AT |\(at|\[at|\(AT|\[AT")
_MAIL_LOCAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-"

_VIN_CHARACTER = "[A-HJ-NPR-Za-hj-npr-z0-9]"
_VIN = re.compile(rf"{_VIN_CHARACTER}(?<![A-Za-z0-9].){_VIN_CHARACTER}{{12}}[0-9]{{4}}(?![A-Za-z0-9])")
_VIN_SPACED = re.compile(
    rf"{_VIN_CHARACTER}(?<![A-Za-z0-9].)(?:(?<=[A-Za-z])|(?=[0-9 .\-_]{{0,4}}[A-Za-z]))"
    rf"(?=([ .\-_]?{_VIN_CHARACTER}(?:[ .\-_]?{_VIN_CHARACTER}){{11}}(?:[ .\-_]?[0-9]){{4}})(?![A-Za-z0-9]))"
)
_NO_GAPS = str.maketrans("", "", " .-_")
VIN_GATE = re.compile(
    r"[A-Za-z](?:(?<=[0-9].)|(?<=[0-9]..)"
    r"|(?=[ .\-_]?[A-Za-z]?[ .\-_]?[A-Za-z]?[ .\-_]?[0-9]))|车架|底盘号|大架号|识别代"
)
_VIN_CUED = re.compile(
    r"(?:车架号|车辆识别[代号码]{1,3}|识别代码|大架号|底盘号|(?<![A-Za-z])[Vv][Ii][Nn])(?:号码|代码|代号|号|码)?"
    r"(?:后|末|尾)?(?:[0-9六八]{1,2}位)?(?:号|码)?(?:是|为|:|=| "
    r"|#){0,3}([A-Za-z0-9](?:[ \-]?[A-Za-z0-9]){5,16})(?![A-Za-z0-9])"
)
# World manufacturer identifiers seen on cars sold in China; their VINs are taken even when a
# character was mistyped and the check digit no longer holds.
_KNOWN_MAKERS = re.compile(
    r"L(?:SV|SG|SK|SJ|SH|SY|S4|S5|S6|FV|FP|FM|FB|FN|VS|VR|VH|VG|VV|VT|VZ|BV|BE|BM|BP|E4|HG|HB|GX|GB|GW|GJ|GG|GH|GK|RW|R4|RH"
    r"|J1|J4|J8|JD|JN|JX|W4|WV|WL|6T|64|B3|B1|B2|NB|NA|NP|NY|C0|CR|DC|DN|DP|PS|PA|1G|MV|MG|MW|ZW|ZM|ZE|MU|H1|HA|2C|5D|5Y"
    r"|PK|JS|JV|TV|TP|KH|KL|UX|UZ|UR|YV|TA|4A|K6|FA)"
    r"|W(?:BA|BS|BY|B1|DC|DD|DB|DF|1K|1N|VW|VG|V1|V2|AU|A1|P0|P1|MW|ME|0L)|J(?:T[DEHJLMN]|N[148]|HM|HL|F1|F2|M[137]|MB|SA)"
    r"|K(?:NA|ND|MH|M8|L1|PT)|5YJ|7SA|YV1|YV4|SA[LJD]|SCA|SCB|SCC|ZF[FA]|ZAR|ZAM|ZHW|ZPB|VF[137]|VSS|VNK|TRU|1(?:C4|FA|FM|FT|G1|GC|J4|HG)"
    r"|2(?:C4|FM|HG|T[13])|3(?:FA|VW|N1|GK)|4(?:US|JG|T1)|5(?:UX|TD|FN|LM)"
)

_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE_MARK = r"[ .\-_]{0,3}"
_PLATE_LETTER = "[A-HJ-NP-Za-hj-np-z]"
_PLATE_CHARACTER = "[A-HJ-NP-Za-hj-np-z0-9]"
PLATE_GATE = re.compile(rf"[{_PROVINCE}][ .\-]?{_PLATE_LETTER}")
_PLATE = re.compile(
    rf"([{_PROVINCE}])[ .\-]?({_PLATE_LETTER})({_PLATE_MARK})"
    rf"((?:[DFABCEGHJKdfabceghjk][ \-]?{_PLATE_CHARACTER}(?:[ \-]?[0-9]){{4}}"
    rf"|[0-9](?:[ \-]?[0-9]){{4}}[ \-]?[DFABCEGHJKdfabceghjk]"
    rf"|{_PLATE_CHARACTER}(?:[ \-]?{_PLATE_CHARACTER}){{4}}"
    rf"|{_PLATE_CHARACTER}{{4}}[警学挂港澳试超领]))(?![A-Za-z0-9])"
)
_PLATE_CUE = re.compile(r"(?:车牌|牌照|车号|牌号|上牌|车主|挪车|号牌|牌子)[^A-Za-z0-9]{0,8}$")

_ACCOUNT_JOIN = r"(?:号码|账号|帐号|同号|号|搜索|搜|[Ii][Dd])?(?:是|为|[:=(\[【「] ?| ){0,3}"
_WECHAT_ID = r"[A-Za-z][A-Za-z0-9_-]{5,19}"
_WECHAT = re.compile(
    r"(?:(?:[微薇威徽] ?信|[加我的]微(?=[: a-zA-Z])|[Vv]❤|[Vv]信|卫星号|绿泡泡"
    r"|(?<![A-Za-z])(?:[Ww]e[Cc]hat|WECHAT|[Ww]ei[Xx]in|[WwVv][Xx])"
    r"|[加+➕][我个]?[Vv](?![A-Za-z])"
    rf"|加我|(?<![A-Za-z0-9])[Vv](?=:)){_ACCOUNT_JOIN}({_WECHAT_ID}|[1-9][0-9]{{4,11}})|(?<![A-Za-z0-9])([Ww]xid_[A-Za-z0-9]{{4,20}}))"
    r"(?![A-Za-z0-9])"
)
# Gates are alternatives of plain strings: the fastest scan the regex engine has.
WECHAT_GATE = re.compile(
    "微信|微 信|加微|我微|的微|V❤|v❤|薇信|威信|徽信|V信|v信|卫星号|绿泡泡|加我|加V|加v"
    "|加个V|加个v|➕|\\+V|\\+v|V:|v:|we[ci]|We[CcIi]|WE[CI]|wx|wX|Wx|WX|vx|vX|Vx|VX"
)
_WECHAT_STOP = re.compile(
    r"(?:car(?:play|life|link|bit)|android|apple|iphone|ipad|ios|harmony|hicar|huawei|wechat|weixin|wifi|model|tesla|auto"
    r"|usb|bmw|audi|sorry|please|thanks)",
    re.IGNORECASE,
)
_QQ = re.compile(
    r"(?:(?<!奇瑞)(?<!小)(?<![A-Za-z])[Qq]{2}|扣扣|[叩寇蔻]{2}|球球|企鹅|(?<![A-Za-z0-9])[Qq](?=[号群:])|加[Qq])"
    rf"(?:群)?{_ACCOUNT_JOIN}([1-9][0-9](?:[ -]?[0-9]){{3,9}})(?![0-9])(?! ?(?:元|块|万|公里|km|款|年|多))"
)
QQ_GATE = re.compile("QQ|qq|Qq|qQ|Q号|q号|Q群|q群|Q:|q:|加Q|加q|扣扣|叩叩|寇寇|蔻蔻|球球|企鹅")
_UNIT_AFTER = re.compile(r" ?(?:元|块|万|公里|km|款|年|多|个|人|条|次)")


def find_mails(text: str) -> Iterator[Span]:
    """Yield mail addresses, also with spaces round the @ and with (at), 艾特, # before known hosts."""
    for match in _MAIL.finditer(text):
        before = text[max(0, match.start() - 64) : match.start()]
        local = before[len(before.rstrip(_MAIL_LOCAL)) :].lstrip(".%+-")
        if local:
            yield "mail", match.start() - len(local), match.end()


def find_vins(text: str) -> Iterator[Span]:
    """Yield VINs: check digit, or a known maker, or a cue (then also the last 6 or 8 characters)."""
    for match in _VIN.finditer(text):
        if _vin_holds(match[0].upper(), is_spaced=False):
            yield "vin", *match.span()
    for match in _VIN_SPACED.finditer(text):
        if match.end(1) - match.start() > 17 and _vin_holds(
            _bare(text[match.start() : match.end(1)]), is_spaced=True
        ):
            yield "vin", match.start(), match.end(1)
    for match in _VIN_CUED.finditer(text):
        if sum(character.isdigit() for character in match[1]) >= 4:
            yield "vin", *match.span(1)


def _bare(spaced: str) -> str:
    return spaced.translate(_NO_GAPS).upper()


def _vin_holds(value: str, is_spaced: bool) -> bool:
    if value.isdigit():
        return False
    known = _KNOWN_MAKERS.match(value) is not None
    if is_spaced and not known:
        return False
    if checks.vin_valid(value):
        return known or checks.vin_model_year(value) is not None
    # A mistyped VIN still describes a car with letters; a serial number after a maker's letters does not.
    return known and not is_spaced and not value[3:9].isdigit() and value[9] not in "0UZ"


def find_plates(text: str) -> Iterator[Span]:
    """Yield plates of 7 and (new energy) 8 characters, with a dot, dash or spaces."""
    for match in _PLATE.finditer(text):
        province, _, mark, body = match.groups()
        digits = sum(character.isdigit() for character in body)
        # 新 also means new: 新A6L45T is a model, 新A12345 a plate.
        may_be_model = (
            province == "新" and not mark.strip() and (" " in body or body[1].isalpha() > body[0].isalpha())
        )
        needed = 4 if may_be_model and not _has_plate_cue(text, match.start()) else 3
        if (
            body[-1] in "警学挂港澳试超领"
            or digits >= needed
            or (digits and _has_plate_cue(text, match.start()))
        ):
            yield "plate", *match.span()


def _has_plate_cue(text: str, start: int) -> bool:
    return _PLATE_CUE.search(text, max(0, start - 12), start) is not None


def find_wechats(text: str) -> Iterator[Span]:
    """Yield WeChat names after a cue; an all-letter one only when the cue says it is a name."""
    for match in _WECHAT.finditer(text):
        group = 1 if match[1] else 2
        value, start = match[group], match.start(group)
        if value.isdigit():
            if not _UNIT_AFTER.match(text, match.end()) and not match[0].startswith("加我"):
                yield "wechat", start, match.end()
        elif not _WECHAT_STOP.match(value) and (
            not value.isalpha() or _is_offered(text, match.start(), start)
        ):
            yield "wechat", start, match.end()


def _is_offered(text: str, cue: int, start: int) -> bool:
    """Return whether an all-letter word after a cue is said to be an account: 微信号 abc, 加微信 abc."""
    joined = text[start - 1] in ":是为号" or text[start - 2 : start] == ": "
    return joined or not {"加", "我", "联"}.isdisjoint(text[max(0, cue - 3) : cue + 1])


def find_qqs(text: str) -> Iterator[Span]:
    """Yield QQ numbers of 5 to 11 digits after a cue."""
    for match in _QQ.finditer(text):
        yield "qq", *match.span(1)
