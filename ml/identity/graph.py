"""The identity graph of a home: raw files in, result files out.

Here: the order of the parts and the files of the folder `identity/`. What a key proves is `resolve`,
who spoke is `voices`; which raw files there are says the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ml.identity.evidence import RULES_PATH, Source
from ml.identity.outputs import name_persons, result_query
from ml.identity.resolve import (
    ALIAS,
    KEY_PERSON,
    LINK_EDGE,
    PERSON,
    VEHICLE_OWNER,
    Policy,
    resolve,
)
from ml.identity.state import SightingState, copy_rows, escaped
from ml.identity.voices import VOICE_LINK, link_voices
from ml.lexicon import RESOURCES, content_version

# File and table name → its shape; each is laid as `raw.identity_<name>`.
RESULTS: Mapping[str, pa.Schema] = {
    "key_person": KEY_PERSON,
    "person": PERSON,
    "vehicle_owner": VEHICLE_OWNER,
    "link_edge": LINK_EDGE,
    "alias": ALIAS,
    "voice_link": VOICE_LINK,
}


def link_version() -> str:
    """Return 12 hex of the rule table and of all code that makes the results."""
    package = RESOURCES.parent
    code = (path.relative_to(package).as_posix() for path in Path(__file__).parent.glob("*.py"))
    return content_version((*code, RULES_PATH.relative_to(package).as_posix()), package)


@dataclass(frozen=True)
class LinkCounts:
    """What one pass read and found."""

    new_files: int
    records: int
    persons: int
    keys: int
    voices: int
    voices_linked: int


def open_engine(
    memory: str = "1GB", threads: int = 2, spill: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """Open an engine in memory; larger states spill into `spill`."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"set memory_limit = '{memory}'")
    connection.execute(f"set threads = {int(threads)}")
    connection.execute("set preserve_insertion_order = false")
    if spill is not None:
        connection.execute(f"set temp_directory = '{escaped(spill)}'")
    return connection


def link(
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    folder: Path,
    policy: Policy,
    progress: Callable[[int, int], None] | None = None,
) -> LinkCounts:
    """Bring state and results in `folder` to exactly these raw files under this policy."""
    new_files = SightingState(folder / "state").update(connection, sources, progress)
    resolve(connection, policy)
    link_voices(connection, policy)
    name_persons(connection)
    for name, schema in RESULTS.items():
        copy_rows(connection, result_query(name, schema), folder / f"{name}.parquet")
    counted = connection.execute("""
        select (select count(*) from sight), (select count(*) from person), (select count(*) from key_person),
            (select count(*) from voice), (select count(person_id) from voice_link)""").fetchone()
    return LinkCounts(new_files, *map(int, counted or ()))


def read_result(folder: Path, name: str) -> pa.Table:
    """Read one result file."""
    return pq.read_table(folder / f"{name}.parquet", memory_map=False)
