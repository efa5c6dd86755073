"""Made-up personal identifiers with the real check rules: VIN, plate, ID card, phone, bank card, names.

Pure functions of a numpy generator; nothing here knows about the world, channels or texts.
Check digits follow GB 16735 (VIN), GB 11643 (ID card) and Luhn (bank card); mobile prefixes are
number segments in use, the numbers themselves are random.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from sample_oem.places import CITIES, City

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国文辉力永健世广志义兴良海山仁波宁贵福生龙元全国"
    "胜学祥才发武新利清飞彬富顺信子昊轩宇浩然欣怡梓涵雨泽思佳琪嘉俊豪雪梅琳晨曦博瑞晓东春燕凤洁婷慧莹巧美珍"
)
_MOBILE_PREFIXES = [
    "130",
    "131",
    "132",
    "133",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "151",
    "152",
    "153",
    "155",
    "156",
    "157",
    "158",
    "159",
    "166",
    "173",
    "175",
    "176",
    "177",
    "178",
    "180",
    "181",
    "182",
    "183",
    "185",
    "186",
    "187",
    "188",
    "189",
    "191",
    "193",
    "195",
    "198",
    "199",
]
_MAIL_HOSTS = ("qq.com", "163.com", "126.com", "sina.com", "139.com", "foxmail.com", "outlook.com")
_BANK_BINS = ("622202", "621700", "622848", "621661", "622588", "621483", "622262", "623059")
_ROADS = [
    "人民路",
    "中山路",
    "解放大道",
    "建设路",
    "和平街",
    "文化路",
    "滨河路",
    "长江路",
    "迎宾大道",
    "学府路",
    "新华路",
    "工业北路",
    "花园街",
    "振兴路",
]
_ESTATES = [
    "阳光花园",
    "锦绣家园",
    "金域华府",
    "翡翠城",
    "碧水湾",
    "盛世名都",
    "御景园",
    "和谐小区",
    "书香苑",
    "世纪城",
    "龙湖湾",
    "绿城桂园",
]
_REGIONS = {
    "内蒙古": "内蒙古自治区",
    "广西": "广西壮族自治区",
    "新疆": "新疆维吾尔自治区",
    "宁夏": "宁夏回族自治区",
}
_PLATE_CHARS = np.array(list("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"))
_VIN_CHARS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
_VIN_VALUES = {
    **{str(d): d for d in range(10)},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMN", range(1, 6), strict=True)),
    "P": 7,
    "R": 9,
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
_VIN_WEIGHTS = np.array([8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2])
_VIN_TABLE = np.zeros(128, dtype=np.int64)
for _char, _value in _VIN_VALUES.items():
    _VIN_TABLE[ord(_char)] = _value
_YEAR_CODES = "ABCDEFGHJKLMNPRSTVWXY123456789"
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SPOKEN = str.maketrans("0123456789", "零幺二三四五六七八九")
_WRITTEN = str.maketrans("0123456789", "〇一二三四五六七八九")


def person_names(rng: np.random.Generator, n: int) -> list[str]:
    """``n`` Chinese names of two or three characters."""
    surname = rng.integers(0, len(_SURNAMES), n)
    first = rng.integers(0, len(_GIVEN), n)
    second = rng.integers(0, len(_GIVEN), n)
    short = rng.random(n) < 0.18
    return [
        _SURNAMES[s] + _GIVEN[a] + ("" if k else _GIVEN[b])
        for s, a, b, k in zip(surname, first, second, short, strict=True)
    ]


def mobile_phones(rng: np.random.Generator, n: int) -> list[str]:
    """``n`` 11-digit mobile numbers."""
    prefix = rng.integers(0, len(_MOBILE_PREFIXES), n)
    tail = rng.integers(0, 100_000_000, n)
    return [f"{_MOBILE_PREFIXES[p]}{t:08d}" for p, t in zip(prefix, tail, strict=True)]


def spoken_number(digits: str, *, written: bool = False) -> str:
    """Digits as spoken on the phone (幺三八…) or, with ``written``, in 〇一二三 numerals."""
    return digits.translate(_WRITTEN if written else _SPOKEN)


def landline(rng: np.random.Generator, city: City) -> str:
    """Return a fixed-line number with the city's dialling code, such as ``0571-85612345``."""
    width = 8 if len(city.dial_code) == 3 or rng.random() < 0.5 else 7
    first = int(rng.integers(2, 9))
    return f"{city.dial_code}-{first}{int(rng.integers(0, 10 ** (width - 1))):0{width - 1}d}"


def id_cards(rng: np.random.Generator, cities: np.ndarray, birth_years: np.ndarray) -> list[str]:
    """One 18-character ID card per (city index, birth year), last character by GB 11643."""
    n = len(cities)
    area = rng.integers(100, 900, n)
    month, day = rng.integers(1, 13, n), rng.integers(1, 29, n)
    serial = rng.integers(1, 1000, n)
    heads = (
        f"{CITIES[c].id_prefix}0{a:03d}{y:04d}{m:02d}{d:02d}{s:03d}"
        for c, a, y, m, d, s in zip(cities, area, birth_years, month, day, serial, strict=True)
    )
    return [head + id_card_check(head) for head in heads]


def id_card_check(head: str) -> str:
    """Check character of the first 17 digits of an ID card."""
    return "10X98765432"[sum(int(c) * w for c, w in zip(head, _ID_WEIGHTS, strict=True)) % 11]


def bank_card(rng: np.random.Generator) -> str:
    """Return a 19-digit card number that satisfies Luhn."""
    head = _BANK_BINS[int(rng.integers(0, len(_BANK_BINS)))] + f"{int(rng.integers(0, 10**12)):012d}"
    total = 0
    for place, char in enumerate(reversed(head)):
        doubled = int(char) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return head + str(-total % 10)


def vin_check_digits(codes: np.ndarray) -> np.ndarray:
    """Check characters for an (n, 17) array of ASCII codes; column 8 is ignored (weight 0)."""
    remainder = (_VIN_TABLE[codes] * _VIN_WEIGHTS).sum(axis=1) % 11
    return np.frombuffer(b"0123456789X", dtype=np.uint8)[remainder]


def vins(prefixes: list[str], years: np.ndarray, plants: list[str], serials: np.ndarray) -> list[str]:
    """VINs from 8-character prefixes (WMI + VDS), model years, plant letters and serial numbers."""
    raw = "".join(
        f"{p}0{_YEAR_CODES[(y - 2010) % 30]}{plant}{s % 1_000_000:06d}"
        for p, y, plant, s in zip(prefixes, years, plants, serials, strict=True)
    )
    codes = np.frombuffer(raw.encode("ascii"), dtype=np.uint8).reshape(-1, 17).copy()
    codes[:, 8] = vin_check_digits(codes)
    flat = codes.tobytes().decode("ascii")
    return [flat[i : i + 17] for i in range(0, len(flat), 17)]


def plates(rng: np.random.Generator, cities: np.ndarray, new_energy: np.ndarray) -> list[str]:
    """Licence plates: five characters after the prefix, or six with D/F first for new-energy cars."""
    tails = _PLATE_CHARS[rng.integers(0, 24 + 10, (len(cities), 5))]
    digits = rng.integers(0, 100_000, len(cities))
    kind = rng.random(len(cities))
    out = []
    for i, city in enumerate(cities):
        prefix = CITIES[city].plate_prefix
        if new_energy[i]:
            out.append(f"{prefix}{'D' if kind[i] < 0.8 else 'F'}{digits[i]:05d}")
        else:
            out.append(prefix + ("".join(tails[i, :2]) + f"{digits[i] % 1000:03d}"))
    return out


def mails(rng: np.random.Generator, phones: list[str]) -> list[str]:
    """Return a mail address (digits or letters and digits) for each phone number."""
    hosts = rng.integers(0, len(_MAIL_HOSTS), len(phones))
    letters = rng.integers(0, 26, (len(phones), 4))
    digits = rng.integers(100, 99_999_999, len(phones))
    return [
        ("".join(chr(97 + c) for c in letters[i]) if i % 3 else "") + f"{digits[i]}@{_MAIL_HOSTS[hosts[i]]}"
        for i in range(len(phones))
    ]


def wechat_id(rng: np.random.Generator) -> str:
    """Return a WeChat name: letters, an underscore or not, digits."""
    letters = "".join(chr(97 + int(c)) for c in rng.integers(0, 26, 5))
    return f"{letters}{'_' if rng.random() < 0.4 else ''}{int(rng.integers(100, 99999))}"


def qq_number(rng: np.random.Generator) -> str:
    """Return a QQ number of eight to ten digits."""
    return str(int(rng.integers(20_000_000, 3_400_000_000)))


def addresses(rng: np.random.Generator, cities: np.ndarray) -> list[str]:
    """Street addresses with district, road, number, estate, block and room."""
    pick = rng.integers(0, 1_000_000, (len(cities), 6))
    out = []
    for row, index in zip(pick, cities, strict=True):
        city = CITIES[index]
        region = _REGIONS.get(city.province, city.province + "省")
        head = (
            f"{city.name}市"
            if city.province == city.name and city.name != "吉林"
            else f"{region}{city.name}市"
        )
        out.append(
            f"{head}{city.districts[row[0] % len(city.districts)]}{_ROADS[row[1] % len(_ROADS)]}"
            f"{row[2] % 980 + 1}号"
            f"{_ESTATES[row[3] % len(_ESTATES)]}{row[4] % 30 + 1}栋{row[5] % 32 + 1}0{row[5] % 4 + 1}室"
        )
    return out


def vin_is_valid(vin: str) -> bool:
    """Whether the ninth character is the check digit of the other sixteen."""
    if len(vin) != 17 or any(c not in _VIN_CHARS for c in vin):
        return False
    codes = np.frombuffer(vin.encode("ascii"), dtype=np.uint8).reshape(1, 17)
    return bool(vin_check_digits(codes)[0] == codes[0, 8])


def model_year_of(build: date) -> int:
    """Model year: cars built from July on carry the next year."""
    return build.year + (1 if build.month >= 7 else 0)
