"""A file as a source hands it over, and how its receipt time is written.

What is inside is made in ``deliveries`` (voices) and ``shapes_business`` (records); what must be found in it
is in ``truth``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


def utc_text(moment: datetime) -> str:
    """Write a UTC time with microseconds as manifests do."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class Arrival:
    """One file of one channel and entity: the source's name for it, when it came (UTC), its bytes."""

    channel: str
    entity: str
    name: str
    received_at: datetime
    payload: bytes

    @property
    def received_text(self) -> str:
        """UTC receipt time with microseconds."""
        return utc_text(self.received_at)

    @property
    def path_name(self) -> str:
        """File name below the channel folder."""
        return f"{self.received_at.strftime('%Y%m%dT%H%M%S%fZ')}__{self.name}"
