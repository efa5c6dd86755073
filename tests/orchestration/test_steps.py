"""Steps choose the memory of a build by what its window covers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestration import steps
from orchestration.admission.admit import admit_pending
from orchestration.admission.keys import create_key_file
from orchestration.admission.ledger import Ledger
from orchestration.settings import Settings
from orchestration.sources.landing import deliver


@pytest.mark.parametrize(("large_from", "memory"), [(2, "1GB"), (1, "4GB")])
def test_memory_follows_the_records_of_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large_from: int, memory: str
) -> None:
    create_key_file(tmp_path / "keys.json")
    settings = Settings.load({"VOC_HOME": str(tmp_path / "home"), "VOC_KEYS": str(tmp_path / "keys.json")})
    (tmp_path / "posts.csv").write_text("text\n方向盘异响\n刹车偏软\n", encoding="utf-8")
    with Ledger.open(settings) as ledger:
        received = datetime(2024, 6, 1, 2, 30, tzinfo=UTC)
        one = deliver(settings, ledger, "forum", [tmp_path / "posts.csv"], received)[0]
    assert admit_pending(settings, date(2024, 6, 1)).channels["forum"].admitted == 2
    monkeypatch.setattr(steps, "LARGE_WINDOW_RECORDS", large_from)
    window = SimpleNamespace(delivery_ids=(one.delivery_id,))
    chosen = steps._with_room(settings, window)
    assert chosen.limits["duckdb_memory"] == memory
    assert steps._with_room(settings, SimpleNamespace(delivery_ids=())) is settings
