"""What a valid record becomes: admitted, duplicate or superseded, independent of the order of deliveries.

The current state of a record is a function of the *set* of its sightings: the content with the
greatest (version, content hash) is current, and it is told by the row of its earliest sighting. So a
copy that turns up late but was received earlier takes the row over (it is admitted again), and a
channel without event times keeps the earliest time at which a record was seen, whatever its content.
Here: the rules, on values only. Storing them is `admit.py`'s work.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from orchestration.admission.ledger import utc_text
from orchestration.admission.records import Physical

ADMITTED, DUPLICATE, SUPERSEDED, QUARANTINED = "admitted", "duplicate", "superseded", "quarantined"
_COMPLEMENT = str.maketrans("0123456789abcdef", "fedcba9876543210")


class Current(NamedTuple):
    """What the ledger knows of a record: a row of `record_key` without its key."""

    voice_id: bytes | None
    version: str
    content_hash: bytes
    event_date: str
    is_deleted: bool
    first_sighting: str
    content_sighting: str
    delivery_id: str


@dataclass(slots=True)
class Candidate:
    """A valid record of the delivery at hand."""

    ordinal: int
    item: Physical
    values: tuple[str | None, ...]
    record_id: bytes
    voice_id: bytes | None
    version: str
    content_hash: bytes
    event_date: str  # '' where the basis is `received`
    is_deleted: bool
    disposition: str = ""
    first_sighting: str = ""
    content_sighting: str = ""


@dataclass(slots=True)
class Outcome:
    """What one entity of a delivery changes in the ledger."""

    admitted: list[Candidate] = field(default_factory=list)
    # Superseded, but part of a history that is kept: they stand in raw and change nothing current.
    kept: list[Candidate] = field(default_factory=list)
    upserts: dict[bytes, Current] = field(default_factory=dict)
    redated: dict[bytes, Current] = field(default_factory=dict)
    past: dict[tuple[bytes, bytes], str] = field(default_factory=dict)
    before: dict[bytes, Current] = field(default_factory=dict)


def sighting(received_at: datetime, delivery_id: str) -> str:
    """Return the sortable name of "seen then, in that delivery"."""
    return f"{utc_text(received_at)}/{delivery_id}"


def version_key(version: str, content_hash: bytes, content_sighting: str, first_sighting: str) -> str:
    """Return the text whose greatest value among the raw rows of a record names its current row.

    Greater: newer version, then greater content hash, then earlier sightings (as complements).
    """
    earlier = _reversed(content_sighting) + _reversed(first_sighting)
    return f"{version}|{content_hash[:4].hex()}|{earlier}"


@functools.lru_cache(maxsize=64)
def _reversed(text: str) -> str:
    moment, _, delivery_id = text.partition("/")
    digits = "".join(character for character in moment if character.isdigit())
    return (digits + delivery_id[:4]).translate(_COMPLEMENT)


def decide(
    candidates: Iterable[Candidate],
    current: Mapping[bytes, Current],
    past: Mapping[tuple[bytes, bytes], str],
    seen: str,
    *,
    basis_received: bool,
    keeps_versions: bool = False,
) -> Outcome:
    """Give every candidate its disposition.

    `current` and `past` hold what the ledger knows of these records; `seen` is this delivery's
    sighting. With `basis_received` the event date is the earliest sighting's. With `keeps_versions` an
    older version that comes late is kept beside the current one, so that a record's past does not
    depend on the order of deliveries either.
    """
    outcome = Outcome()
    groups: dict[bytes, list[Candidate]] = {}
    for one in candidates:
        groups.setdefault(one.record_id, []).append(one)
    for record_id, group in groups.items():
        known = current.get(record_id)
        best = _best(group)
        _mark_others(outcome, group, best, known, seen)
        if known is None:
            _admit(outcome, best, seen, seen)
        elif best.content_hash == known.content_hash:
            _same_content(outcome, best, known, seen)
        elif (best.version, best.content_hash) > (known.version, known.content_hash):
            _note_past(outcome, record_id, known.content_hash, known.content_sighting)
            first = min(seen, known.first_sighting)
            _admit(outcome, best, first, min(seen, past.get((record_id, best.content_hash), seen)))
        else:
            best.disposition = SUPERSEDED
            if keeps_versions:
                _keep(outcome, best, known, seen)
            _note_past(outcome, record_id, best.content_hash, seen)
            if seen < known.first_sighting:
                changed = known._replace(first_sighting=seen)
                (outcome.redated if basis_received else outcome.upserts)[record_id] = changed
    outcome.admitted.sort(key=lambda one: one.ordinal)
    outcome.kept.sort(key=lambda one: one.ordinal)
    return outcome


def _best(group: list[Candidate]) -> Candidate:
    best = group[0]
    for one in group[1:]:
        if (one.version, one.content_hash) > (best.version, best.content_hash):
            best = one
    return best


def _mark_others(
    outcome: Outcome, group: list[Candidate], best: Candidate, known: Current | None, seen: str
) -> None:
    for one in group:
        if one is best:
            continue
        same = one.content_hash == best.content_hash
        one.disposition = DUPLICATE if same else SUPERSEDED
        if not same and (known is None or one.content_hash != known.content_hash):
            _note_past(outcome, one.record_id, one.content_hash, seen)


def _same_content(outcome: Outcome, best: Candidate, known: Current, seen: str) -> None:
    version = max(best.version, known.version)
    if seen < known.content_sighting:
        best.version = version
        _admit(outcome, best, min(seen, known.first_sighting), seen)
        return
    best.disposition = DUPLICATE
    if version != known.version:  # seen again later: what was received in between is older
        outcome.upserts[best.record_id] = known._replace(version=version)


def _admit(outcome: Outcome, one: Candidate, first: str, content: str) -> None:
    one.disposition = ADMITTED
    one.first_sighting, one.content_sighting = first, content
    outcome.admitted.append(one)


def _keep(outcome: Outcome, one: Candidate, known: Current, seen: str) -> None:
    one.first_sighting = one.content_sighting = seen
    outcome.kept.append(one)
    outcome.before[one.record_id] = known


def _note_past(outcome: Outcome, record_id: bytes, content_hash: bytes, seen: str) -> None:
    key = (record_id, content_hash)
    outcome.past[key] = min(seen, outcome.past.get(key, seen))
