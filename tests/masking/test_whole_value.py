"""Codes that are identifiers in truth, and codes that only look a little like one."""

from __future__ import annotations

import random

import pytest

from orchestration.admission.masking.whole_value import identifier_class
from tests.masking import identifiers

MAKERS = {
    "phone": identifiers.mobile,
    "id_card": identifiers.id_card,
    "vin": identifiers.vin,
}


@pytest.mark.parametrize("pii", sorted(MAKERS))
def test_identifiers_used_as_codes_are_told(pii: str) -> None:
    draw = random.Random(71)
    values = [MAKERS[pii](draw) for _ in range(300)]
    assert [value for value in values if identifier_class(value) != pii] == []


@pytest.mark.parametrize(
    ("code", "pii"),
    [
        ("138-0013-8000", "phone"),
        ("8613800138000", "phone"),
        ("0086-138-0013-8000", "phone"),
        ("6222021234567890128", "bank_card"),
    ],
)
def test_other_spellings(code: str, pii: str) -> None:
    assert identifier_class(code) == pii


def test_ordinary_codes_stay() -> None:
    draw = random.Random(72)
    # Complaint numbers by date, claims by dealer and year, parts, calls, short counters.
    codes = [
        f"2024{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}{draw.randrange(10**6):06d}"
        for _ in range(2000)
    ]
    codes += [f"CLM-{draw.randrange(10**9):09d}-{draw.randrange(100):02d}" for _ in range(2000)]
    codes += [f"{draw.choice('GLWX')}{draw.randrange(10**10):010d}" for _ in range(2000)]
    codes += [str(draw.randrange(10**8)) for _ in range(2000)]
    codes += ["E3-2024-0001", "12345678901", "P0300", "1G-13900-1", "", "A"]
    assert [code for code in codes if identifier_class(code) is not None] == []
