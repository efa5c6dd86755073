"""The raw shapes of the further voice channels, one module per family; each enters itself in ``registry``."""

from __future__ import annotations

from sample_oem.channels import dialogue, letters, notes, public, written


def register_all() -> None:
    """Enter every channel of this package."""
    for family in (dialogue, letters, notes, public, written):
        family.register_all()
