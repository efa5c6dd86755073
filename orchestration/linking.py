"""Linking what was admitted: the identity folder is brought to the listed raw files.

Decides which files count and under which policy; how keys become persons is `ml.identity`. What
people decided about two keys (`voc identity merge|unmerge`) is kept in the ledger's database, in the
audit chain, and applied by the next pass.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from orchestration.admission.ledger import Ledger, append_audit, utc_text
from orchestration.admission.ledger_types import AuditEntry
from orchestration.contracts import channel_contract
from orchestration.faults import fault_point
from orchestration.settings import Settings

DECISIONS_DDL = """
create table if not exists identity_decision(
    decision_id integer primary key,
    action text not null check (action in ('merge', 'unmerge')),
    domain_a text not null, key_a text not null, domain_b text not null, key_b text not null,
    reason text not null, decided_by text not null, decided_at text not null
)"""
_KEY = re.compile(r"([a-z0-9_]+):(\S+)")


class LinkError(ValueError):
    """A decision that cannot be taken as given; the message says what to do."""


@dataclass(frozen=True)
class LinkReport:
    """Totals of one linking pass; `is_unchanged`: nothing new, the results stand."""

    new_files: int = 0
    records: int = 0
    persons: int = 0
    keys: int = 0
    voices: int = 0
    voices_linked: int = 0
    is_unchanged: bool = False


def link_pending(
    settings: Settings, ledger: Ledger, progress: Callable[[int, int], None] | None = None
) -> LinkReport:
    """Bring the identity results to the listed raw files, the decisions and the policy of today."""
    from ml.identity.graph import link, open_engine

    sources = _sources(settings, ledger)
    policy = _policy(settings, ledger)
    mark = _fingerprint(sources, policy)
    if is_linked(settings, mark):
        return LinkReport(is_unchanged=True)
    folder = settings.identity_folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "linked").unlink(missing_ok=True)

    def told(done: int, total: int) -> None:
        fault_point("after_sightings")
        if progress:
            progress(done, total)

    engine = open_engine(
        settings.limits["duckdb_memory_large"], settings.limits["duckdb_threads"], folder / "spill"
    )
    with engine:
        counts = link(engine, sources, folder, policy, told)
    fault_point("mid_link")
    (folder / "linked").write_text(mark, encoding="utf-8")
    return LinkReport(**asdict(counts))


def is_linked(settings: Settings, mark: str) -> bool:
    """Tell whether the results on disk are those of exactly this input."""
    noted = settings.identity_folder / "linked"
    return noted.is_file() and noted.read_text(encoding="utf-8") == mark


def pending_links(settings: Settings, ledger: Ledger) -> str:
    """Name why the identity results are not those of today's files, decisions and policy, or return ''."""
    if is_linked(settings, _fingerprint(_sources(settings, ledger), _policy(settings, ledger))):
        return ""
    return "identities are not linked"


def decide(
    settings: Settings, action: str, keys: tuple[str, str], *, reason: str, by: str, at: datetime
) -> None:
    """Enter a decision about two keys (`domain:key`) and its audit entry in one transaction.

    Raises:
        LinkError: keys that are not of the form `domain:key`, of unknown domains, or equal.

    """
    (domain_a, key_a), (domain_b, key_b) = (_key(one) for one in keys)
    if keys[0] == keys[1]:
        raise LinkError("the two keys are the same; name two")
    if (
        action == "merge"
        and "customer" not in (domain_a, domain_b)
        and {domain_a, domain_b} & {"vin", "plate"}
    ):
        raise LinkError("a car is not a person; merge keys of persons, and mend owners in the vehicle master")
    with Ledger.open(settings) as ledger, ledger.transaction() as connection:
        connection.execute(DECISIONS_DDL)
        connection.execute(
            "insert into identity_decision(action, domain_a, key_a, domain_b, key_b, reason, decided_by,"
            " decided_at) values (?,?,?,?,?,?,?,?)",
            (action, domain_a, key_a, domain_b, key_b, reason, by, utc_text(at)),
        )
        append_audit(connection, AuditEntry(at, by, f"identity_{action}", " ".join(keys), {"reason": reason}))


def decisions(ledger: Ledger) -> list[dict[str, Any]]:
    """Return all decisions in the order they were taken."""
    names = "decision_id, action, domain_a, key_a, domain_b, key_b, reason, decided_by, decided_at"
    known = ledger.connection.execute(
        "select 1 from sqlite_master where name = 'identity_decision'"
    ).fetchone()
    if known is None:
        return []
    rows = ledger.connection.execute(f"select {names} from identity_decision order by decision_id")
    return [dict(zip(names.split(", "), row, strict=True)) for row in rows]


def _key(text: str) -> tuple[str, str]:
    from ml.identity.evidence import DOMAINS

    match = _KEY.fullmatch(text)
    if match is None or match[1] not in DOMAINS:
        raise LinkError(f"{text!r} is no key; write domain:key with a domain of {', '.join(DOMAINS)}")
    return match[1], match[2]


def _sources(settings: Settings, ledger: Ledger) -> list[Any]:
    """Return the listed raw files of entities that say anything of persons or vehicles."""
    from ml.identity.evidence import Source, has_evidence

    wanted = {
        (name, entity)
        for name in settings.channels
        for entity, spec in channel_contract(settings, name).entities.items()
        if has_evidence(name, entity, is_voice=spec.is_voice)
    }
    return [
        Source(settings.home / one.path, one.path, one.channel, one.entity)
        for one in ledger.files("raw")
        if (one.channel, one.entity) in wanted
    ]


def _policy(settings: Settings, ledger: Ledger) -> Any:
    from ml.identity.resolve import Decision, Policy

    contracts = {name: channel_contract(settings, name) for name in sorted(settings.channels)}
    public = tuple(name for name, one in contracts.items() if one.attributes.get("loop") == "outer")
    wanted: Mapping[str, Any] = settings.identity
    return Policy(
        public_channels=public,
        link_public_handles=wanted.get("link_public_handles") is True,
        decisions=tuple(
            Decision(one["action"], one["domain_a"], one["key_a"], one["domain_b"], one["key_b"])
            for one in decisions(ledger)
        ),
    )


def _fingerprint(sources: Sequence[Any], policy: Any) -> str:
    from ml.identity.graph import link_version

    names = sorted(one.name for one in sources)
    document = json.dumps([link_version(), names, asdict(policy)], ensure_ascii=False)
    return hashlib.sha256(document.encode()).hexdigest()
