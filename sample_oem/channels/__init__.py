"""The raw shapes of the further voice channels, one module per family; each enters itself in ``registry``."""

from __future__ import annotations


def register_all() -> None:
    """Enter every channel of this package."""
