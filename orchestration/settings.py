"""Configuration: the one reader of the environment and of `voc.yml`.

Everything else receives a `Settings`. Layout of the home folder (zones) is answered here, too;
what the zones mean stands in docs/interfaces.md.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

try:  # ten times faster, where the wheel has it
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DEFAULT_KEYS_PATH = Path("~/.config/voc-warehouse/keys.json")
_ENV_REFERENCE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_ENV_MARK = re.compile(r"__voc_env__([A-Z][A-Z0-9_]*?)__end")
_PLAIN_VALUE = re.compile(r"true|false|0|[1-9]\d{0,17}")
_CHANNEL_NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")


class ConfigError(Exception):
    """A configuration a person has to mend: says which file, which entry and what to do."""


@dataclass(frozen=True)
class ChannelConfig:
    """One channel as `voc.yml` declares it."""

    name: str
    contract_path: Path
    source: Mapping[str, Any]
    expected_by: str
    stale_after_h: int
    enabled: bool = True


@dataclass(frozen=True)
class Settings:
    """Paths, channels and limits of one installation."""

    home: Path
    config_path: Path
    keys_path: Path
    channels: Mapping[str, ChannelConfig]
    audiences: Mapping[str, Mapping[str, Any]]
    retention: Mapping[str, int]
    limits: Mapping[str, Any]
    notify: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, Any] = field(default_factory=dict)
    project_root: Path = PROJECT_ROOT

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read `VOC_CONFIG` (default: the project's voc.yml), `VOC_HOME` and `VOC_KEYS`.

        Raises:
            ConfigError: naming the file and entry that is wrong.

        """
        env = os.environ if environ is None else environ
        config_path = Path(env.get("VOC_CONFIG") or PROJECT_ROOT / "voc.yml").expanduser().resolve()
        document = _read_config(config_path, env)
        channels = {
            name: _channel(name, entry, config_path)
            for name, entry in sorted((document.get("channels") or {}).items())
        }
        if not channels:
            raise ConfigError(f"{config_path}: no channel under `channels:`; add at least one")
        return cls(
            home=Path(env.get("VOC_HOME") or "data").expanduser().resolve(),
            config_path=config_path,
            keys_path=Path(env.get("VOC_KEYS") or DEFAULT_KEYS_PATH).expanduser(),
            channels=channels,
            audiences=document.get("audiences") or {},
            retention={"landing_days": 30, "published_versions": 7, "published_fact_months": 13}
            | (document.get("retention") or {}),
            limits={"duckdb_memory": "1GB", "duckdb_memory_large": "4GB", "duckdb_threads": 2}
            | (document.get("limits") or {}),
            notify=document.get("notify") or {},
            identity=document.get("identity") or {},
        )

    @property
    def landing(self) -> Path:
        """Deliveries as received, owner-only."""
        return self.home / "landing"

    @property
    def restricted(self) -> Path:
        """What can identify a person, owner-only."""
        return self.home / "restricted"

    @property
    def ops_path(self) -> Path:
        """The operations ledger (SQLite)."""
        return self.restricted / "ops.sqlite"

    @property
    def raw(self) -> Path:
        """Masked records."""
        return self.home / "raw"

    @property
    def scores(self) -> Path:
        """Scores beside the raw files."""
        return self.home / "scores"

    @property
    def duplicates(self) -> Path:
        """The index and the groups of near-duplicate texts."""
        return self.home / "duplicates"

    @property
    def identity_folder(self) -> Path:
        """The identity graph: pseudonyms only, no original value."""
        return self.home / "identity"

    @property
    def ledger_export(self) -> Path:
        """The ledger as Parquet."""
        return self.home / "ledger"

    @property
    def warehouse_path(self) -> Path:
        """The build file; private to the pipeline."""
        return self.home / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """Published versions by audience."""
        return self.home / "published"

    @property
    def lease_path(self) -> Path:
        """Lock file held by a running refresh."""
        return self.home / "lease.lock"

    @property
    def dbt_project(self) -> Path:
        """The dbt project folder."""
        return self.project_root / "dbt_project"

    def channel(self, name: str) -> ChannelConfig:
        """Return one channel, or say which there are."""
        if name not in self.channels:
            known = ", ".join(self.channels)
            raise ConfigError(f"unknown channel {name!r} in {self.config_path}; known: {known}")
        return self.channels[name]


def _read_config(path: Path, env: Mapping[str, str]) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(f"{path}: configuration file not found; set VOC_CONFIG or run from the project")
    # Filled in after parsing: a password may hold any character, and YAML must not read it.
    text = _ENV_REFERENCE.sub(r"__voc_env__\1__end", path.read_text(encoding="utf-8"))
    try:
        document = yaml.load(text, Loader=SafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: expected a mapping with `channels:`, found {type(document).__name__}")
    return {str(name): _filled(value, env) for name, value in document.items()}


def _filled(value: Any, env: Mapping[str, str]) -> Any:
    """Put the environment's values where they are referred to; one that stands alone keeps its type."""
    if isinstance(value, dict):
        return {name: _filled(one, env) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, env) for one in value]
    if not isinstance(value, str):
        return value
    if whole := _ENV_MARK.fullmatch(value):
        found = env.get(whole[1], "")
        plain = _PLAIN_VALUE.fullmatch(found)
        return yaml.load(found, Loader=SafeLoader) if plain else found
    return _ENV_MARK.sub(lambda match: env.get(match[1], ""), value)


def _channel(name: str, entry: Any, config_path: Path) -> ChannelConfig:
    where = f"{config_path}: channels.{name}"
    if not _CHANNEL_NAME.fullmatch(str(name)):
        raise ConfigError(f"{where}: a channel name is lower case letters, digits and _")
    if not isinstance(entry, dict) or "contract" not in entry:
        raise ConfigError(f"{where}: needs `contract: <path to its contract>`")
    contract = Path(entry["contract"])
    if not contract.is_absolute():
        contract = config_path.parent / contract
    if not contract.is_file():
        raise ConfigError(f"{where}.contract: {contract} does not exist")
    source = entry.get("source") or {}
    if not isinstance(source, dict) or (source and "kind" not in source):
        raise ConfigError(f"{where}.source: needs `kind:` and its options, see docs/connect_sources.md")
    return ChannelConfig(
        name=name,
        contract_path=contract,
        source=source,
        expected_by=str(entry.get("expected_by", "06:00")),
        stale_after_h=int(entry.get("stale_after_h", 48)),
        enabled=bool(entry.get("enabled", True)),
    )
