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
    return readable_contract(*contract_paths(settings, channel))


def contract_paths(settings: Settings, channel: str) -> tuple[Path, Path]:
    """Return where the channel's contract stands and where its last working copy does."""
    return settings.channel(channel).contract_path, settings.home / "contracts" / f"{channel}.yml"


def readable_contract(path: Path, kept: Path) -> Contract:
    """Load the contract at `path`, or else its kept copy (see `channel_contract`)."""
    try:
        return load_contract(path)
    except ContractError:
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
    path, kept = contract_paths(settings, channel)
    text = path.read_bytes()
    if kept.is_file() and kept.read_bytes() == text:
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(".part")
    part.write_bytes(text)
    part.replace(kept)
