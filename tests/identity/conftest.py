"""Shared steps of the identity tests: raw files in, result tables out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ml.identity import graph
from ml.identity.evidence import Source
from ml.identity.resolve import Policy

Files = Sequence[tuple[Path, str, str]]
PUBLIC = Policy(public_channels=("social_media",))


class Linking:
    """One identity folder, brought to raw files as often as a test likes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, files: Files, policy: Policy = PUBLIC) -> graph.LinkCounts:
        with graph.open_engine("1GB") as engine:
            return graph.link(engine, [self._source(*one) for one in files], self.folder, policy)

    @staticmethod
    def _source(path: Path, channel: str, entity: str) -> Source:
        """Name a raw file after its content, as in a home."""
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        return Source(path, f"{path.stem}-{digest}", channel, entity)

    def rows(self, name: str) -> list[dict[str, Any]]:
        return graph.read_result(self.folder, name).to_pylist()

    def results(self) -> dict[str, list[dict[str, Any]]]:
        """Return all rows; the order of voices and edges means nothing."""
        return {name: sorted(self.rows(name), key=repr) for name in graph.RESULTS}

    def voices(self) -> dict[str, dict[str, Any]]:
        return {row["feedback_id"]: row for row in self.rows("voice_link")}


@pytest.fixture
def linking(tmp_path: Path) -> Callable[[str], Linking]:
    def make(name: str = "identity") -> Linking:
        return Linking(tmp_path / name)

    return make
