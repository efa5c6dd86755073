"""Reads the phrase stock, once per process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sample_oem.catalogue import ASPECTS
from sample_oem.places import CITIES
from sample_oem.voices.grammar import Grammar
from sample_oem.world import RIVALS

# Aspects (by the beginning of their code) and stories that are no parts of a car: nobody asks how to clean
# a price. Their words stand in ``01_general.txt`` as rules ``<kind>_<rule>``.
_KINDS: dict[str, tuple[str, ...]] = {
    "service": (
        "SAL-", "AFT-", "SAF-REC", "story_x02", "story_x06", "story_x07", "story_x08", "story_x09",
        "story_x12", "story_x13", "story_viral_burst",
    ),
    "software": ("ICT-", "ADS-", "story_x01", "story_x03", "story_x04", "story_x11"),
    "price": ("PRI-", "story_rival_event"),
    "look": ("EXT-DSN", "INT-DSN"),
    "space": ("SPC-",),
    "measure": (
        "PWR-NVH", "NEV-RNG", "NEV-FUE", "CHS-HDL", "INT-QUI", "INT-SMT", "story_x10", "story_x14",
        "story_campaign_quiet",
    ),
}  # fmt: skip
# What an agent asks back, where it is not the desk's question.
_PROBES = {"software": "software_probe", "measure": "part_probe", "space": "part_probe"}


def _by_kind() -> list[str]:
    """Lines that give the aspects and stories of a kind the words of the kind."""
    lines: list[str] = []
    for kind, heads in _KINDS.items():
        booked = "software_booked" if kind == "software" else "service_booked"
        probe = _PROBES.get(kind, "desk_probe")
        words = {"fault": f"{kind}_fault", "trouble": f"{kind}_fault", "how": f"{kind}_how",
                 "handle": f"{kind}_handle", "booked": booked, "probe": probe}  # fmt: skip
        aspects = [a.code for a in ASPECTS if a.code.startswith(heads)]
        for scope in [*aspects, *(head for head in heads if head.startswith("story_"))]:
            lines.append(f"@ {scope}")
            for name, rule in words.items():
                lines += [f"= {name}", f"{{{rule}}}"]
    return lines


@cache
def stock() -> Grammar:
    """Read the phrase stock, once."""
    names = ["= rival", "|".join(name for _, name in RIVALS), "= city2", "|".join(c.name for c in CITIES)]
    return Grammar.read(Path(__file__).parent / "stock", [*names, *_by_kind()])
