"""Near-duplicate texts: every listed raw file of voices enters the lasting index of groups.

Decides which files are new to the index; what makes two texts alike and how groups are kept is
`ml.near_duplicate_index`. The index knows the files it has read, so this step may be repeated at any
time, and an index that was deleted or belongs to another version of the code is filled from the start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow.parquet as pq

from orchestration.admission.ledger import Ledger
from orchestration.faults import fault_point
from orchestration.scoring import voice_entities
from orchestration.settings import Settings


@dataclass(frozen=True)
class GroupReport:
    """Totals of one pass: files and texts read, texts that came into a group."""

    files: int = 0
    texts: int = 0
    grouped: int = 0


def group_pending(
    settings: Settings, ledger: Ledger, progress: Callable[[int, int], None] | None = None
) -> GroupReport:
    """Enter every listed voice file the index has not read, and write the file of groups."""
    from ml.near_duplicate_index import BATCH_TEXTS, NearDuplicateIndex

    voices = voice_entities(settings)
    with NearDuplicateIndex(settings.duplicates, fault_point) as index:
        read = index.indexed_files()
        waiting = [
            one for one in ledger.files("raw") if (one.channel, one.entity) in voices and one.path not in read
        ]
        texts: dict[str, str] = {}
        files: list[str] = []
        total = grouped = 0
        for done, one in enumerate(waiting, 1):
            texts |= _texts_of(settings, one.path)
            files.append(one.path)
            if len(texts) >= BATCH_TEXTS or done == len(waiting):
                grouped += index.add(texts, files)
                total += len(texts)
                texts, files = {}, []
            if progress:
                progress(done, len(waiting))
        index.export()
    return GroupReport(len(waiting), total, grouped)


def _texts_of(settings: Settings, path: str) -> dict[str, str]:
    table = pq.read_table(settings.home / path, columns=["score_input_hash", "verbatim"])
    pairs = zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True)
    return {key: text for key, text in pairs if key is not None and text}
