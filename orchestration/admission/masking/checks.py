"""Checksums and code lists that tell an identifier from a number that only looks like one.

Pure functions on normal forms (ASCII, no separators); nothing here searches a text.
"""

from __future__ import annotations

import re
from operator import mul

_LUHN_DOUBLED = str.maketrans("0123456789", "0246813579")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_ID_SHAPE = re.compile(
    r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)[0-9]{4}"
    r"(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]"
)
_OLD_ID_SHAPE = re.compile(
    r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)[0-9]{4}"
    r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}"
)

_VIN_SHAPE = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES = {
    **{str(digit): digit for digit in range(10)},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMN", range(1, 6), strict=True)),
    "P": 7,
    "R": 9,
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
# Letters 2010-2030, digits 2001-2009: the code repeats every 30 years, older and later cars are
# read into this cycle.
_VIN_YEARS = {code: 2010 + place for place, code in enumerate("ABCDEFGHJKLMNPRSTVWXY")} | {
    str(digit): 2000 + digit for digit in range(1, 10)
}


def luhn_valid(digits: str) -> bool:
    """Return whether the last digit is the check digit of ISO/IEC 7812-1 (Luhn)."""
    return sum(map(int, digits[-1::-2] + digits[-2::-2].translate(_LUHN_DOUBLED))) % 10 == 0


def id_card_plausible(value: str) -> bool:
    """Return whether 18 characters have province, date and form of an ID card; no checksum."""
    return _ID_SHAPE.fullmatch(value) is not None


def id_card_valid(value: str) -> bool:
    """Return whether an 18-character ID card number is plausible and its checksum holds (GB 11643)."""
    return id_card_plausible(value) and id_check_character(value[:17]) == value[17]


def id_check_character(first_17: str) -> str:
    """Return the check character of GB 11643-1999 for the first 17 digits."""
    return _ID_CHECK[sum(map(mul, map(int, first_17), _ID_WEIGHTS)) % 11]


def old_id_card_plausible(value: str) -> bool:
    """Return whether 15 digits have the form of a first-generation ID card (it has no checksum)."""
    return _OLD_ID_SHAPE.fullmatch(value) is not None


def vin_check_character(vin: str) -> str:
    """Return the check character (position 9) of ISO 3779 / GB 16735 for 17 valid characters."""
    rest = sum(map(mul, map(_VIN_VALUES.__getitem__, vin), _VIN_WEIGHTS)) % 11
    return "X" if rest == 10 else str(rest)


def vin_shaped(value: str) -> bool:
    """Return whether `value` is 17 characters of the VIN alphabet (no I, O, Q)."""
    return _VIN_SHAPE.fullmatch(value) is not None


def vin_valid(value: str) -> bool:
    """Return whether `value` has the alphabet and the check digit of a VIN."""
    return vin_shaped(value) and vin_check_character(value) == value[8]


def vin_model_year(vin: str) -> int | None:
    """Return the model year (2001-2030) of position 10, None for a code that is no year."""
    return _VIN_YEARS.get(vin[9])
