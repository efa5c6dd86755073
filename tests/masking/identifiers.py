"""Seeded values of every identifier class, with their checksums, and ways people write them.

Written from the standards (GB 11643, ISO 3779, ISO/IEC 7812, GA 36) and from how customers write,
not from the masker: nothing here imports it. All values are invented.
"""

# Tables of Chinese text read better in rows than one word a line.
# ruff: noqa: SIM905

from __future__ import annotations

from collections.abc import Callable
from random import Random

MOBILE_HEADS = [
    *("130 131 132 133 134 135 136 137 138 139 145 147 149 150 151 152 153 155 156 157 158 159").split(),
    *("162 165 166 167 170 171 172 173 175 176 177 178 180 181 182 183 184 185 186 187 188 189").split(),
    *("190 191 192 193 195 196 197 198 199").split(),
]
AREA_CODES = "010 020 021 022 023 024 025 027 028 029 0311 0371 0431 0451 0512 0531 0551 0571 0591 0731 0755 0769 0771 0851 0871 0898 0931 0991".split()
ID_AREAS = "110105 120101 130102 140105 150102 210102 220102 230103 310115 320106 330106 340104 350102 360102 370102 410105 420106 430102 440106 450103 460105 500103 510107 520102 530102 540102 610113 620102 630102 640104 650102".split()
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
CARD_HEADS = (
    "622202 622848 621700 621661 622588 622262 621226 622700 623058 621483 436742 552599 356833".split()
)
MAIL_HOSTS = "qq.com 163.com 126.com gmail.com sina.com foxmail.com outlook.com hotmail.com 139.com sohu.com vip.qq.com sina.com.cn aliyun.com yeah.net 189.cn icloud.com".split()
VIN_HEADS = "LSVAM418 LFV3A23C LVSHCAMB LGXCE6CD LRW3E7FA LBV5S310 LE4HG4EB LHGCP168 LVHRU186 LFMAPE2C LSGPC52U LGBH52E0 LJ12EKR2 LW433B12 L6T7824S LB37724S LNBSCCAH LC0CE4CB LGWEF4A5 LDCC13L2 WBAFR710 WDDGF4HB WVWZZZ3C JTDKN3DU 5YJ3E1EA".split()

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
COMPOUND_SURNAMES = "欧阳 司马 上官 诸葛 皇甫 令狐 慕容 司徒".split()
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂建国志华玉梅红小海燕鹏飞雪婷宇浩然子涵梓轩欣怡晓东文博思远嘉俊凯辉斌玲倩雨晨泽佳琪振峰旭国庆春生"

_SPOKEN = {**{str(d): c for d, c in enumerate("零一二三四五六七八九")}, "1": "幺"}
_WRITTEN = {str(d): c for d, c in enumerate("〇一二三四五六七八九")}
_RADIO = {**_SPOKEN, "0": "洞", "7": "拐", "2": "两", "9": "勾"}
_FORMAL = {str(d): c for d, c in enumerate("零壹贰叁肆伍陆柒捌玖")}
_FULL_WIDTH = {chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)}
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"

Writer = Callable[[str, Random], str]


def _number(random: Random, length: int) -> str:
    return "".join(random.choices("0123456789", k=length))


def mobile(random: Random) -> str:
    """Return 11 digits."""
    return random.choice(MOBILE_HEADS) + _number(random, 8)


def landline(random: Random) -> str:
    """Return area code and 7 or 8 digits, without separator."""
    code = random.choice(AREA_CODES)
    return (
        code + random.choice("2345678") + _number(random, 7 if len(code) == 3 or random.random() < 0.6 else 6)
    )


def id_card(random: Random) -> str:
    """Return 18 characters with a valid check character, every tenth an X."""
    while True:
        born = f"{random.randint(1940, 2012)}{random.randint(1, 12):02}{random.randint(1, 28):02}"
        body = random.choice(ID_AREAS) + born + _number(random, 3)
        weights = [pow(2, 17 - place, 11) for place in range(17)]
        rest = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11
        check = "10X98765432"[rest]
        if check == "X" or random.random() < 0.95:
            return body + check


def bank_card(random: Random) -> str:
    """Return 16 or 19 digits that pass Luhn."""
    head = random.choice(CARD_HEADS)
    body = head + _number(random, (19 if head.startswith("62") and random.random() < 0.7 else 16) - 7)
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def mail(random: Random) -> str:
    """Return a plain mail address."""
    host = random.choice(MAIL_HOSTS)
    if host.endswith("qq.com") and random.random() < 0.6:
        return str(random.randint(10_000, 3_999_999_999)) + "@" + host
    words = "zhang wang li liu chen xiao lin ming yang car happy tom jerry david lucky cloud".split()
    local = random.choice(words) + random.choice(["", ".", "_", "-"]) + random.choice(words)
    return (
        local + random.choice(["", str(random.randint(1, 99)), str(random.randint(1970, 2010))]) + "@" + host
    )


def plate(random: Random) -> str:
    """Return province, letter and five characters, at most two of them letters."""
    body = list(_number(random, 5))
    for place in random.sample(range(5), random.choice([0, 0, 1, 1, 2])):
        body[place] = random.choice(PLATE_LETTERS)
    return random.choice(PROVINCES) + random.choice(PLATE_LETTERS[:16]) + "".join(body)


def new_energy_plate(random: Random) -> str:
    """Return an 8-character plate of a small (letter first) or large (letter last) car."""
    head = random.choice(PROVINCES) + random.choice(PLATE_LETTERS[:16])
    if random.random() < 0.12:
        return head + _number(random, 5) + random.choice("DF")
    second = random.choice(PLATE_LETTERS) if random.random() < 0.3 else random.choice("0123456789")
    return head + random.choice("DDDFFABCEGHJK") + second + _number(random, 4)


def vin(random: Random) -> str:
    """Return 17 characters with a valid check digit."""
    alphabet = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    value = {c: int(c) for c in "0123456789"}
    value |= {c: (ord(c) - ord("A")) % 9 + 1 for c in "ABCDEFGHI"}
    value |= {c: ord(c) - ord("J") + 1 for c in "JKLMNOPQR"} | {c: ord(c) - ord("S") + 2 for c in "STUVWXYZ"}
    head = random.choice(VIN_HEADS)
    year = random.choice("ABCDEFGHJKLMNPRST")
    tail = year + random.choice(letters + "1234567890") + random.choice(alphabet) + _number(random, 5)
    whole = f"{head}0{tail}"
    weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
    rest = sum(value[c] * weight for c, weight in zip(whole, weights, strict=True)) % 11
    return head + ("X" if rest == 10 else str(rest)) + tail


def wechat(random: Random) -> str:
    """Return a WeChat name: a letter, then 5 to 15 letters, digits, - or _, with a digit or _."""
    words = "abc xiao wang happy car tiger sunny moon leo kitty zhao liu".split()
    name = random.choice(words) + random.choice(["_", "-", "", ""]) + random.choice(words)
    return name + str(random.randint(1, 99999))


def qq(random: Random) -> str:
    """Return 5 to 10 digits."""
    return str(random.randint(10_000, 3_500_000_000))


def person_name(random: Random) -> str:
    """Return a Chinese name of 2 to 4 characters."""
    surname = random.choice(COMPOUND_SURNAMES) if random.random() < 0.02 else random.choice(SURNAMES)
    return surname + "".join(random.sample(GIVEN, random.choice([1, 2, 2])))


def address(random: Random) -> str:
    """Return a street address down to the door, in one of several styles."""
    city = random.choice("上海市 北京市 广州市 成都市 杭州市 武汉市 苏州市 西安市 郑州市 长沙市".split())
    district = random.choice(
        "浦东新区 朝阳区 天河区 武侯区 西湖区 洪山区 姑苏区 雁塔区 金水区 岳麓区".split()
    )
    road = random.choice(
        "张杨路 建国路 中山大道 人民南路 文三路 珞喻路 平江路 科技二路 花园路 麓山南路 和平街 解放东路".split()
    )
    estate = random.choice(
        "阳光花园 碧桂园 金色家园 万科城 翠湖小区 世纪苑 锦绣华庭 龙湖公寓 东方名都 幸福里".split()
    )
    door = (random.randint(1, 1999), random.randint(1, 38), random.randint(1, 4), random.randint(101, 3204))
    number, building, unit, room = door
    styles = [
        f"{city}{district}{road}{number}号{estate}{building}栋{unit}单元{room}室",
        f"{city}{district}{road}{number}弄{building}号{room}室",
        f"{district}{road}{number}号{building}号楼{room}",
        f"{city}{district}{estate}{building}幢{room}室",
        f"{road}{number}号{estate}{building}-{unit}-{room}",
        f"{city}{district}{random.choice(['青山镇', '柳林乡', '白马街道'])}{random.choice(['王家村', '李庄村', '东风村'])}{unit}组{building}号",
    ]
    return random.choice(styles)


VALUES: dict[str, Callable[[Random], str]] = {
    "phone": mobile,
    "landline": landline,
    "id_card": id_card,
    "bank_card": bank_card,
    "mail": mail,
    "plate": plate,
    "new_energy_plate": new_energy_plate,
    "vin": vin,
    "wechat": wechat,
    "qq": qq,
}


def as_is(value: str, random: Random) -> str:
    """Write the value plainly."""
    return value


def full_width(value: str, random: Random) -> str:
    """Write ASCII as full-width forms."""
    return "".join(_FULL_WIDTH.get(c, c) for c in value)


def zero_width(value: str, random: Random) -> str:
    """Put one to three characters without width inside."""
    for _ in range(random.randint(1, 3)):
        place = random.randint(1, len(value) - 1)
        value = value[:place] + random.choice(_ZERO_WIDTH) + value[place:]
    return value


def one_by_one(value: str, random: Random) -> str:
    """Separate every character by the same sign."""
    return random.choice([" ", "-", ".", " "]).join(value)


def keycaps(value: str, random: Random) -> str:
    """Write digits as keycap emoji."""
    return "".join(f"{c}\ufe0f\u20e3" if c.isdigit() else c for c in value)


def _grouped(*shapes: tuple[int, ...]) -> Writer:
    def write(value: str, random: Random) -> str:
        parts, rest = [], value
        for size in random.choice(shapes):
            parts.append(rest[:size])
            rest = rest[size:]
        return random.choice([" ", "-", ".", " ", "—", "－", "　", " - ", "·"]).join(
            [*parts, *([rest] if rest else [])]
        )

    return write


def _in_words(*tables: dict[str, str]) -> Writer:
    def write(value: str, random: Random) -> str:
        table = random.choice(tables)
        return "".join(table.get(c, c) for c in value)

    return write


def _mixed_words(value: str, random: Random) -> str:
    table = random.choice([_SPOKEN, _WRITTEN])
    chosen = set(random.sample(range(len(value)), random.randint(2, len(value) - 2)))
    return "".join(table.get(c, c) if place in chosen else c for place, c in enumerate(value))


def _spoken_groups(value: str, random: Random) -> str:
    words = "".join(_SPOKEN[c] for c in value)
    return random.choice([" ", "，", "、", "-", " "]).join([words[:3], words[3:7], words[7:]])


def _country(value: str, random: Random) -> str:
    head = random.choice(["+86", "+86 ", "0086", "0086-", "86-", "+86-", "(+86)", "（+86）", "＋86 "])
    return head + random.choice(
        [value, f"{value[:3]} {value[3:7]} {value[7:]}", f"{value[:3]}-{value[3:7]}-{value[7:]}"]
    )


def _lower(value: str, random: Random) -> str:
    return value.lower()


def _area_code_apart(value: str, random: Random) -> str:
    size = 3 if value[:2] in {"01", "02"} else 4
    head, tail = value[:size], value[size:]
    half = len(tail) - 4
    return random.choice([
        f"{head}-{tail}", f"{head} {tail}", f"({head}){tail}", f"（{head}）{tail}", f"{head}－{tail}", f"{head}—{tail}",
        f"{head}-{tail[:half]} {tail[half:]}", f"{head} {tail[:half]}-{tail[half:]}", f"+86 {head[1:]} {tail}",
        f"{head}-{tail}转{random.randint(1, 9999)}", f"{head} - {tail}",
    ])  # fmt: skip


def _plate_apart(value: str, random: Random) -> str:
    head, tail = value[:2], value[2:]
    return random.choice([
        f"{head}·{tail}", f"{head} {tail}", f"{head}-{tail}", f"{head}.{tail}", f"{head}•{tail}", f"{head[0]} {head[1]}{tail}",
        f"{head[0]}{head[1]} {' '.join(tail)}", f"{head} · {tail}",
    ])  # fmt: skip


def _vin_apart(value: str, random: Random) -> str:
    return random.choice([" ", "-"]).join([value[:3], value[3:9], value[9:]])


def _mail_apart(value: str, random: Random) -> str:
    local, host = value.split("@")
    return random.choice([
        f"{local} @ {host}", f"{local}(at){host}", f"{local}＠{host}", f"{local}[at]{host}", f"{local}@{host.replace('.', '点')}",
        f"{local}@ {host}", f"{local} at {host}", f"{local}#{host}", f"{local}艾特{host}", f"{local}@{host.replace('.', ' . ')}",
    ])  # fmt: skip


WRITERS: dict[str, list[Writer]] = {
    "phone": [
        as_is, as_is, _grouped((3, 4), (3, 4), (3, 3), (4, 4), (4, 3), (3,), (5,), (7,)), full_width, zero_width, one_by_one, keycaps,
        _in_words(_SPOKEN, _SPOKEN, _WRITTEN, _RADIO, _FORMAL), _mixed_words, _spoken_groups, _country,
    ],
    "landline": [as_is, _area_code_apart, _area_code_apart, full_width, zero_width, _in_words(_SPOKEN)],
    "id_card": [as_is, as_is, _lower, _grouped((6, 8), (6, 4, 4), (3, 3, 4, 4), (4, 4, 4, 4)), full_width, zero_width, one_by_one],
    "bank_card": [as_is, as_is, _grouped((4, 4, 4, 4), (4, 4, 4, 4), (6,)), full_width, zero_width, one_by_one],
    "mail": [as_is, as_is, as_is, full_width, zero_width, _mail_apart],
    "plate": [as_is, as_is, _lower, _plate_apart, full_width, zero_width],
    "new_energy_plate": [as_is, as_is, _lower, _plate_apart, full_width, zero_width],
    "vin": [as_is, as_is, as_is, _lower, full_width, zero_width, _vin_apart],
    "wechat": [as_is, as_is, full_width, zero_width],
    "qq": [as_is, as_is, full_width, zero_width],
}  # fmt: skip
