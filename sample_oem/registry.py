"""The list of channels: who builds a channel's records, how they are filed, when they arrive, how they break.

A channel enters itself with ``register``; ``deliveries`` and ``faults`` read the list and know no
channel by name but for the planted special cases. How a record looks is in ``shapes``, ``channels``
and their neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sample_oem.context import Context
from sample_oem.truth import Item

# Makes a damaged variant of a sound record: (record, running number) -> (reason, contract field, bytes).
Break = Callable[[bytes, int], tuple[str, str, bytes]]


@dataclass(frozen=True)
class EntityFile:
    """How the records of one entity are filed.

    ``name`` is the file name with ``{date}``; ``header`` the column line of delimited files and sheets;
    ``layout`` is lines (delimited or JSON), mbox or xlsx; ``cell_breaks`` lists (reason, column, value)
    for delimited files, ``breaks`` the damages of other layouts.
    """

    name: str
    header: tuple[str, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ","
    layout: str = "lines"
    sheet: str = ""
    cell_breaks: tuple[tuple[str, int, str], ...] = ()
    breaks: tuple[Break, ...] = ()


@dataclass(frozen=True)
class Channel:
    """One channel: its builder, the minute after midnight (Shanghai) its files arrive, its entities.

    ``is_late_prone``: some rows come days late. ``has_pages``: read page by page, so that a page may
    come twice.
    """

    name: str
    build: Callable[[Context], list[Item]]
    arrival: int
    entities: dict[str, EntityFile] = field(default_factory=dict)
    is_late_prone: bool = False
    has_pages: bool = False


REGISTRY: dict[str, Channel] = {}


def register(channel: Channel) -> None:
    """Enter a channel; a second one of the same name is a mistake."""
    if channel.name in REGISTRY:
        raise ValueError(f"channel {channel.name} is registered twice")
    REGISTRY[channel.name] = channel


def entity_file(channel: str, entity: str) -> EntityFile:
    """How an entity is filed; raises ``KeyError`` naming what is known."""
    known = REGISTRY[channel].entities
    if entity not in known:
        raise KeyError(f"channel {channel} has no entity {entity}; it has {', '.join(known)}")
    return known[entity]
