"""Shared fixtures of the admission tests: a home of its own per test, keys, small helpers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_quality.contract import Contract, load_contract
from orchestration.admission.keys import Keys, create_key_file
from orchestration.admission.ledger import Ledger
from orchestration.admission.ledger_types import Delivery
from orchestration.settings import Settings
from orchestration.sources.landing import deliver

RECEIVED = datetime(2024, 6, 1, 2, 30, tzinfo=UTC)
COMPLAINT_HEADER = "投诉编号,投诉品牌,投诉车系,投诉车型,投诉简述,投诉问题,问题类型,投诉日期"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    create_key_file(tmp_path / "keys.json")
    return Settings.load({"VOC_HOME": str(tmp_path / "home"), "VOC_KEYS": str(tmp_path / "keys.json")})


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return Keys.load(settings.keys_path)


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with Ledger.open(settings) as one:
        yield one


@pytest.fixture
def contract_of(settings: Settings) -> Callable[[str], Contract]:
    return lambda channel: load_contract(settings.channel(channel).contract_path)


Drop = Callable[..., Delivery]


@pytest.fixture
def drop(settings: Settings, ledger: Ledger, tmp_path: Path) -> Drop:
    """Deliver bytes under a name; later arguments: received_at."""

    def put(channel: str, data: bytes | str, name: str = "", received_at: datetime = RECEIVED) -> Delivery:
        raw = data.encode() if isinstance(data, str) else data
        path = tmp_path / "in" / (name or f"{channel}.dat")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(raw)
        return deliver(settings, ledger, channel, [path], received_at)[0]

    return put
