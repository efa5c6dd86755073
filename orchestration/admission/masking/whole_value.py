"""Whether a code (a call number, a claim number) is in truth somebody's identifier.

Sources number their records as they like, and some take the caller's phone number. A code must stay
distinct and joinable, so it is not masked like text: `shape.py` puts the pseudonym in its place.
Identifiers within longer text are found by `detect.py`.
"""

from __future__ import annotations

import re

from orchestration.admission.masking.checks import id_card_valid, luhn_valid, vin_valid

_WORTH_A_LOOK = re.compile(r"[0-9](?:-?[0-9]){5}|[0-9A-Z]{17}", re.IGNORECASE)
_MOBILE = re.compile(r"(?:(?:00)?86)?1[3-9][0-9]{9}")
_UNIONPAY = re.compile(r"62[0-9]{14,17}")


def identifier_class(code: str) -> str | None:
    """Return `phone`, `id_card`, `bank_card` or `vin` if the whole code is one, else None.

    Checksums decide where there are any; 11 digits that begin like a mobile number are one.
    """
    if _WORTH_A_LOOK.match(code) is None:
        return None
    plain = code.replace("-", "").replace("_", "").upper()
    if _MOBILE.fullmatch(plain):
        return "phone"
    if id_card_valid(plain):
        return "id_card"
    if _UNIONPAY.fullmatch(plain) and luhn_valid(plain):
        return "bank_card"
    return "vin" if vin_valid(plain) else None
