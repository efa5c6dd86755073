"""Scores kept per (hash of the scored text, version of the scores), so that no text is scored twice.

Here: one SQLite file of the rows of `ml.score_records`. Which texts are asked for, and what becomes of
the scores, is `ml.score_files`; the version is `ml.scoring.CACHE_VERSION`. The cache may be
deleted at any time: it only saves work.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

_SCHEMA = """
create table if not exists score (
  scorer_version text not null,
  score_input_hash blob not null,
  score blob not null,
  primary key (scorer_version, score_input_hash)
) without rowid
"""
# SQLite takes a limited number of parameters a statement.
_CHUNK = 500


class ScoreCache:
    """The cache file; use as a context manager. `ScoreCache(None)` keeps nothing."""

    def __init__(self, path: Path | None, timeout_s: float = 60.0) -> None:
        """Open or create `path`; a file that is no cache is an error naming it."""
        self.path = path
        self._connection: sqlite3.Connection | None = None
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = sqlite3.connect(path, timeout=timeout_s, isolation_level=None)
            self._connection.execute("pragma journal_mode=wal")
            # A lost cache entry is only scored again.
            self._connection.execute("pragma synchronous=normal")
            self._connection.execute(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise OSError(
                f"{path}: is not a usable score cache ({error}); delete the file, it is rebuilt"
            ) from error

    def __enter__(self) -> ScoreCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; further calls behave as with no cache."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, version: str, hashes: Iterable[str]) -> dict[str, bytes]:
        """Return the known scores of the given hashes (hex)."""
        if self._connection is None:
            return {}
        known: dict[str, bytes] = {}
        for chunk in _chunks(list(hashes), _CHUNK):
            marks = ",".join("?" * len(chunk))
            rows = self._connection.execute(
                "select score_input_hash, score from score "
                f"where scorer_version = ? and score_input_hash in ({marks})",
                [version, *(bytes.fromhex(item) for item in chunk)],
            )
            known.update((key.hex(), value) for key, value in rows)
        return known

    def put(self, version: str, scores: Mapping[str, bytes]) -> None:
        """Keep the scores, all in one transaction; a hash already there stays as it is."""
        if self._connection is None or not scores:
            return
        rows = [(version, bytes.fromhex(key), scores[key]) for key in sorted(scores)]
        self._connection.execute("begin immediate")
        try:
            self._connection.executemany("insert or ignore into score values (?, ?, ?)", rows)
            self._connection.execute("commit")
        except BaseException:
            self._connection.execute("rollback")
            raise

    def forget_other_versions(self, version: str) -> int:
        """Delete the scores of other versions; return how many."""
        if self._connection is None:
            return 0
        return self._connection.execute("delete from score where scorer_version <> ?", [version]).rowcount


def _chunks(items: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
