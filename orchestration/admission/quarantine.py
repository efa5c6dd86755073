"""Quarantine: look at records that could not be admitted, release them for another try, or discard them.

A release is a delivery of its own (source kind `quarantine_release`) with the original bytes and the
original time of receipt; it goes through the same door under today's contract. So a release can fail
again, and then stands in quarantine again. The commands are in `commands.py`.
"""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from orchestration.admission.ledger import Ledger, utc_text
from orchestration.admission.ledger_types import Delivery, QuarantineRow
from orchestration.admission.reasons import LINE_REASONS, Reason
from orchestration.admission.xlsx_rows import is_alone, workbook_of
from orchestration.settings import Settings
from orchestration.sources.files import make_folder
from orchestration.sources.landing import Parcel, land


class QuarantineError(Exception):
    """A quarantine request that cannot be done; says why."""


@dataclass(frozen=True)
class Original:
    """The original bytes of a quarantined record and of the header it stood under.

    A row of a workbook (and its header) is one that stands alone, see `xlsx_rows.py`.
    """

    payload: bytes
    header: bytes | None


class Resolution(NamedTuple):
    """Who decides, why, and when (aware)."""

    by: str
    why: str
    at: datetime


def find_rows(ledger: Ledger, ids: Sequence[str]) -> list[QuarantineRow]:
    """Return the rows named by full ids or unique beginnings.

    Raises:
        QuarantineError: an id fits no row, or several.

    """
    found = []
    for one in ids:
        rows = ledger.quarantine_rows(ids=[one])
        if not rows:
            raise QuarantineError(
                f"{one}: no such quarantined record; see `voc quarantine list --status all`"
            )
        if len(rows) > 1:
            raise QuarantineError(f"{one}: {len(rows)} records begin with it; give more digits")
        found.append(rows[0])
    return found


def original_of(settings: Settings, ledger: Ledger, row: QuarantineRow) -> Original:
    """Return the original bytes (restricted: the caller audits that they were shown)."""
    query = "select payload, payload_path from quarantine where quarantine_id = ?"
    packed, path = ledger.connection.execute(query, (row.quarantine_id,)).fetchone()
    try:
        payload = zlib.decompress(packed if packed is not None else (settings.home / path).read_bytes())
    except OSError as error:
        raise QuarantineError(
            f"{row.quarantine_id}: its payload file {path} is gone ({error.strerror})"
        ) from error
    header = None
    if row.header_id is not None:
        query = "select bytes from csv_header where header_id = ?"
        header = ledger.connection.execute(query, (row.header_id,)).fetchone()[0]
    return Original(payload, header)


def release(
    settings: Settings, ledger: Ledger, rows: Sequence[QuarantineRow], resolution: Resolution
) -> list[Delivery]:
    """Land open rows again, one delivery per original delivery and header; marks them released.

    Raises:
        QuarantineError: a row is not open any more.

    """
    closed = [row.quarantine_id for row in rows if row.status != "open"]
    if closed:
        raise QuarantineError(
            f"{', '.join(closed)}: not open any more; see `voc quarantine list --status released`"
        )
    groups: dict[tuple[str, str, str], list[QuarantineRow]] = {}
    by_id = {row.quarantine_id: row for row in rows}
    for row in sorted(by_id.values(), key=lambda one: (one.delivery_id, one.record_ordinal)):
        # A record without a header of its own is a whole file; it and a cut record go alone, as they came.
        alone = row.quarantine_id if _is_whole(row) or _is_cut(row) else ""
        groups.setdefault((row.delivery_id, row.header_id or "", alone), []).append(row)
    return [_land_group(settings, ledger, group, resolution) for _, group in sorted(groups.items())]


def _is_whole(row: QuarantineRow) -> bool:
    # With an entity it is a JSON record with a wrong value, or a mail: neither is one line of many.
    return row.header_id is None and (bool(row.entity) or Reason(row.reason_code) not in LINE_REASONS)


def _is_cut(row: QuarantineRow) -> bool:
    """Tell a record whose missing line end is the fault: with others after it, it would get one."""
    return row.reason_code == Reason.TRUNCATED_RECORD


def _land_group(
    settings: Settings, ledger: Ledger, group: Sequence[QuarantineRow], resolution: Resolution
) -> Delivery:
    first = group[0]
    old = ledger.delivery(first.delivery_id)
    assert old is not None  # noqa: S101 - quarantine rows come from deliveries
    ids = [row.quarantine_id for row in group]
    content = _content(settings, ledger, group)
    source = {
        "kind": "quarantine_release", "quarantine_ids": ids, "of_delivery": first.delivery_id,
        "by": resolution.by, "why": resolution.why, "at": utc_text(resolution.at),
    }  # fmt: skip
    name = f"release-{hashlib.sha256('/'.join(ids).encode()).hexdigest()[:8]}-{_inner_name(old, content)}"
    scratch = settings.restricted / "scratch"
    make_folder(scratch, settings.home)
    with tempfile.NamedTemporaryFile(dir=scratch) as file:
        file.write(content)
        file.flush()
        parcel = Parcel(old.channel, Path(file.name), name, old.received_at, source)
        delivery = land(settings, ledger, parcel)
    detail = {"ids": ids, "why": resolution.why}
    ledger.audit(
        "quarantine_release", delivery.delivery_id, by=resolution.by, at=resolution.at, detail=detail
    )
    return delivery


def _content(settings: Settings, ledger: Ledger, group: Sequence[QuarantineRow]) -> bytes:
    originals = [original_of(settings, ledger, row) for row in group]
    if len(originals) == 1 and originals[0].header is None:
        return originals[0].payload
    if originals[0].header is not None and is_alone(originals[0].header):
        return workbook_of([originals[0].header, *(one.payload for one in originals)])
    parts = [_ended(originals[0].header)] if originals[0].header else []
    # A record cut at the end of its file keeps its missing line end, so it has to come last.
    parts += [_ended(one.payload) for one in originals[:-1]]
    return b"".join([*parts, originals[-1].payload])


def _ended(line: bytes) -> bytes:
    return line if line.endswith((b"\n", b"\r")) else line + b"\n"


def _inner_name(old: Delivery, content: bytes) -> str:
    """Drop an archive's suffix unless the content still is that archive."""
    name = old.file_name
    for suffix in (".gz", ".zip"):
        packed = content[:2] in (b"\x1f\x8b", b"PK")
        if name.lower().endswith(suffix) and not packed:
            name = name[: -len(suffix)]
    return name
