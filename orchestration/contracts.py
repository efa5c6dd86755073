"""Which contract a channel has today; if its file is broken, the last one something was admitted under.

A contract that cannot be read withholds its own channel (admission says so) and must not keep the
other channels from being built and published. Tables need its shape all the same; so admission keeps
a copy of every contract it admits under, below the home folder. What a contract says is
`data_quality.contract`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from data_quality.contract import Contract, ContractError, load_contract
from orchestration.settings import Settings


def channel_contract(settings: Settings, channel: str) -> Contract:
    """Return the contract that gives a channel's tables their shape.

    Raises:
        ContractError: the contract cannot be read and nothing was ever admitted under an earlier one.

    """
    try:
        return _load(settings.channel(channel).contract_path)
    except ContractError:
        kept = _kept(settings, channel)
        if not kept.is_file():
            raise
        return _load(kept)


def _load(path: Path) -> Contract:
    return _parsed(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _parsed(path: Path, _changed_at_ns: int) -> Contract:
    return load_contract(path)


def keep_contract(settings: Settings, channel: str) -> None:
    """Remember the channel's contract as one that works."""
    text = settings.channel(channel).contract_path.read_bytes()
    kept = _kept(settings, channel)
    if kept.is_file() and kept.read_bytes() == text:
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(".part")
    part.write_bytes(text)
    part.replace(kept)


def _kept(settings: Settings, channel: str) -> Path:
    return settings.home / "contracts" / f"{channel}.yml"
