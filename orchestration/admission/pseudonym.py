"""Normal forms of identifiers: the one place that says when two spellings are one identifier.

`normalise` gives the domain and normal form that `Keys.pseudonym` turns into a pseudonym. Finding
identifiers in text is `masking`; checksums and code lists are `masking/checks.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from orchestration.admission.masking import checks
from orchestration.admission.masking.fold import PLAIN, PLAIN_AND_SPOKEN, without_zero_width

_NOT_DIGIT = re.compile(r"[^0-9]+")
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_EXTENSION = re.compile(r"(?:转|轉|分机|EXT\.?|X|#).*$")
_PHONE = re.compile(r"(?:(?:00)?86)?0?(1[3-9][0-9]{9})|(?:(?:00)?86)?(0?[0-9]{7,11})")
_FOREIGN_TRUNK = re.compile(r"(?:00)?86([1-9][0-9]{8,10})")
_MAIL_WORDS = (
    (re.compile(r"\s*(?:\(AT\)|\[AT\]|艾特|#)\s*"), "@"),
    (re.compile(r"\s*(?:点|\(DOT\)|\[DOT\])\s*"), "."),
)


class VinParts(NamedTuple):
    """What a VIN says without its serial number; all None for a value that is no VIN."""

    wmi: str | None
    model_year: int | None
    plant: str | None


def normalise(pii_class: str, value: str, scope: str = "") -> tuple[str, str]:
    """Return (pseudonym domain, normal form) of one identifier.

    `pii_class` is one of phone, landline, mail, id_card, bank_card, vin, vin8, plate, customer_no,
    wechat, qq, app_account, handle. A value that is none of its class keeps its trimmed upper-cased
    form; an empty one gives ''. `scope` is the channel: a handle is a name on one platform only, and
    equal handles of two platforms are two people until something else links them.

    Raises:
        ValueError: a class that has no pseudonym (person_name, address, free text); a handle without
            its channel.

    """
    if pii_class not in _NORMAL_FORMS:
        raise ValueError(f"{pii_class!r} has no pseudonym; classes with one: {', '.join(_NORMAL_FORMS)}")
    domain, prefix, normal_form = _NORMAL_FORMS[pii_class]
    if domain == "handle":
        if not scope:
            raise ValueError("a handle belongs to a platform; give its channel as scope")
        prefix = f"{scope}:"
    clean = without_zero_width(value)
    normal = normal_form(clean) or unicodedata.normalize("NFKC", clean).strip().upper()
    return domain, f"{prefix}{normal}" if normal else ""


def domain_of(pii_class: str) -> str:
    """Return the pseudonym domain of an identifier class (KeyError: it has none)."""
    return _NORMAL_FORMS[pii_class][0]


def vin_parts(vin: str) -> VinParts:
    """Return world manufacturer identifier, model year (2001-2030) and plant code of a VIN."""
    normal = _alphanumeric(vin)
    if not checks.vin_shaped(normal):
        return VinParts(None, None, None)
    return VinParts(normal[:3], checks.vin_model_year(normal), normal[10])


def vin8(vin: str) -> str:
    """Return the last 8 characters of a VIN in normal form, '' when there are fewer."""
    normal = _alphanumeric(vin)
    return normal[-8:] if len(normal) >= 8 else ""


def _digits(value: str) -> str:
    return _NOT_DIGIT.sub("", value.translate(PLAIN_AND_SPOKEN))


def _phone(value: str) -> str:
    folded = _EXTENSION.sub("", value.upper().translate(PLAIN_AND_SPOKEN))
    digits = _NOT_DIGIT.sub("", folded)
    if (trunk := _FOREIGN_TRUNK.fullmatch(digits)) and not trunk[1].startswith("1"):
        return "0" + trunk[1]
    match = _PHONE.fullmatch(digits)
    return (match[1] or match[2]) if match else ""


def _mail(value: str) -> str:
    folded = value.translate(PLAIN).upper()
    if "@" not in folded:
        folded = _MAIL_WORDS[0][0].sub("@", folded, count=1)
    local, at, host = folded.rpartition("@")
    if not at:
        return ""
    host = _MAIL_WORDS[1][0].sub(".", host)
    return "".join(f"{local}@{host}".split()).lower()


def _id_card(value: str) -> str:
    normal = _alphanumeric(value.translate(PLAIN_AND_SPOKEN))
    if checks.old_id_card_plausible(normal):
        first_17 = f"{normal[:6]}19{normal[6:]}"
        return first_17 + checks.id_check_character(first_17)
    return normal if checks.id_card_plausible(normal) else ""


def _bank_card(value: str) -> str:
    digits = _digits(value)
    return digits if 12 <= len(digits) <= 19 else ""


def _account(value: str) -> str:
    return unicodedata.normalize("NFKC", value).strip().lower()


def _number_account(value: str) -> str:
    return _digits(value) or _account(value)


def _alphanumeric(value: str) -> str:
    return _NOT_ALPHANUMERIC.sub("", unicodedata.normalize("NFKC", without_zero_width(value))).upper()


def _plate(value: str) -> str:
    normal = _alphanumeric(value)
    # The province stands first and is never a number word; the rest may be spoken.
    return normal[:2] + normal[2:].translate(PLAIN_AND_SPOKEN)


def _customer_no(value: str) -> str:
    return unicodedata.normalize("NFKC", value).strip().upper()


_NORMAL_FORMS: dict[str, tuple[str, str, Callable[[str], str]]] = {
    "phone": ("phone", "", _phone),
    "landline": ("phone", "", _phone),
    "mail": ("mail", "", _mail),
    "id_card": ("person", "id_card:", _id_card),
    "bank_card": ("account", "bank_card:", _bank_card),
    "vin": ("vin", "", _alphanumeric),
    "vin8": ("vin8", "", vin8),
    "plate": ("plate", "", _plate),
    "customer_no": ("person", "customer_no:", _customer_no),
    "wechat": ("account", "wechat:", _account),
    "qq": ("account", "qq:", _number_account),
    "app_account": ("account", "app:", _account),
    "handle": ("handle", "", _account),
}
