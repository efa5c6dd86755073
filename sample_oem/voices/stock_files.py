"""Reads the phrase stock, once per process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sample_oem.places import CITIES
from sample_oem.voices.grammar import Grammar
from sample_oem.world import RIVALS


@cache
def stock() -> Grammar:
    """Read the phrase stock, once."""
    names = ["= rival", "|".join(name for _, name in RIVALS), "= city2", "|".join(c.name for c in CITIES)]
    return Grammar.read(Path(__file__).parent / "stock", names)
