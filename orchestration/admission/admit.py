"""Admission: a landed delivery becomes raw files, originals, quarantine rows and ledger entries.

The order makes it crash-safe: read, judge, mask and write files first (nothing lists them yet), then
one transaction lists files, keys, quarantine and counts. Rerunning after a crash at any place ends in
the same state. Reading is `readers.py`, the rules of versions `dispositions.py`, storing `store.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from data_quality.contract import Contract, ContractError, load_contract
from orchestration.admission.keys import Keys
from orchestration.admission.ledger import Ledger
from orchestration.admission.ledger_types import Delivery
from orchestration.admission.parquet_files import sweep_unlisted
from orchestration.admission.readers import read_delivery
from orchestration.admission.store import Intake, StaleProbeError, admit_reading
from orchestration.admission.unpack import Opened, open_payload
from orchestration.admission.xlsx_book import open_workbooks
from orchestration.collector import paused_collector
from orchestration.contracts import keep_contract
from orchestration.partitions import day_end
from orchestration.settings import Settings
from orchestration.sources.landing import sweep_landing

WAITING = ("landed", "withheld")
_ATTEMPTS = 5


@dataclass(frozen=True)
class AdmissionCounts:
    """What became of one delivery."""

    delivery_id: str
    channel: str
    status: str
    records_in: int = 0
    admitted: int = 0
    duplicate: int = 0
    superseded: int = 0
    quarantined: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    withheld_reason: str = ""


@dataclass(frozen=True)
class ChannelCounts:
    """Sums over the deliveries of one channel in one run."""

    channel: str
    deliveries: int
    records_in: int
    admitted: int
    duplicate: int
    superseded: int
    quarantined: int
    reasons: Mapping[str, int]
    withheld: tuple[tuple[str, str], ...]  # (delivery id, why)


@dataclass(frozen=True)
class AdmissionReport:
    """What one run admitted, by channel (only channels that had something waiting)."""

    as_of: date
    deliveries: tuple[AdmissionCounts, ...]

    @property
    def channels(self) -> dict[str, ChannelCounts]:
        """Sums per channel, sorted by name."""
        by_channel: dict[str, list[AdmissionCounts]] = {}
        for one in self.deliveries:
            by_channel.setdefault(one.channel, []).append(one)
        return {name: _sum(name, by_channel[name]) for name in sorted(by_channel)}

    @property
    def delivery_ids(self) -> tuple[str, ...]:
        """Deliveries that are in the ledger now, in the order they were admitted."""
        return tuple(one.delivery_id for one in self.deliveries if one.status != "withheld")

    @property
    def withheld(self) -> dict[str, str]:
        """First reason per channel that could not be admitted in full."""
        return {name: one.withheld[0][1] for name, one in self.channels.items() if one.withheld}


def admit_delivery(
    settings: Settings, ledger: Ledger, keys: Keys, contract: Contract, delivery: Delivery
) -> AdmissionCounts:
    """Admit one landed delivery; a delivery that was admitted before is only reported.

    Raises:
        OSError: the payload is gone or the disk is full; the ledger is as before.
        SpanError: the reader broke its promise; nothing is admitted.

    """
    with paused_collector():
        return _admit(settings, ledger, keys, contract, delivery)


def _admit(
    settings: Settings, ledger: Ledger, keys: Keys, contract: Contract, delivery: Delivery
) -> AdmissionCounts:
    for _ in range(_ATTEMPTS):
        known = ledger.delivery(delivery.delivery_id)
        if known is not None and known.status not in WAITING:
            return _counts(known, {})
        payload = settings.home / delivery.landing_path
        with _open(contract, payload, delivery.file_name, settings.restricted / "scratch") as opened:
            reading = read_delivery(contract, delivery, opened)
            try:
                reasons = admit_reading(Intake(settings, ledger, keys, contract, delivery, opened, reading))
            except StaleProbeError:
                continue  # somebody else admitted in the meantime: look again
        done = ledger.delivery(delivery.delivery_id)
        assert done is not None  # noqa: S101 - it was just written
        return _counts(done, reasons)
    raise RuntimeError("the ledger kept changing; is another refresh running?")


def _open(contract: Contract, path: Path, name: str, scratch: Path) -> AbstractContextManager[Opened]:
    if contract.format == "xlsx":
        return open_workbooks(path, name, scratch, contract.sheet)
    return open_payload(path, name, scratch)


def admit_pending(
    settings: Settings,
    as_of: date,
    channels: Iterable[str] | None = None,
    progress: Callable[[AdmissionCounts], None] | None = None,
) -> AdmissionReport:
    """Admit all waiting deliveries received before the end of `as_of`, oldest first.

    A channel whose contract or reader fails is withheld with the reason and the others go on; a
    withheld delivery is tried again next time.

    Raises:
        ConfigError: unknown channel name, keys missing or damaged.
        LedgerError: the ledger cannot be opened.

    """
    wanted = set(settings.channels if channels is None else channels)
    for name in sorted(wanted):
        settings.channel(name)
    keys = Keys.load(settings.keys_path)
    results: list[AdmissionCounts] = []
    with Ledger.open(settings) as ledger:
        sweep_landing(settings, ledger)
        waiting = [
            one
            for one in ledger.deliveries(status=WAITING, received_before=day_end(as_of))
            if one.channel in wanted and settings.channel(one.channel).enabled
        ]
        _sweep(settings, ledger, waiting)
        contracts: dict[str, Contract | str] = {}
        for delivery in waiting:
            if delivery.channel not in contracts:
                contracts[delivery.channel] = _contract(settings, delivery.channel)
            results.append(_admit_or_withhold(settings, ledger, keys, contracts[delivery.channel], delivery))
            if progress is not None:
                progress(results[-1])
    return AdmissionReport(as_of, tuple(results))


def _contract(settings: Settings, channel: str) -> Contract | str:
    try:
        contract = load_contract(settings.channel(channel).contract_path)
    except ContractError as error:
        return str(error)
    if contract.channel != channel:
        wanted = f"fix channels.{channel}.contract in voc.yml"
        return f"{contract.path}: is the contract of {contract.channel}; {wanted}"
    keep_contract(settings, channel)
    return contract


def _admit_or_withhold(
    settings: Settings, ledger: Ledger, keys: Keys, contract: Contract | str, delivery: Delivery
) -> AdmissionCounts:
    if isinstance(contract, str):
        reason = contract
    else:
        try:
            return admit_delivery(settings, ledger, keys, contract, delivery)
        except Exception as error:
            reason = _why(error)
    ledger.withhold(delivery.delivery_id, reason)
    return AdmissionCounts(delivery.delivery_id, delivery.channel, "withheld", withheld_reason=reason)


def _why(error: Exception) -> str:
    """Say where it failed, without the message of an unknown error: it may quote a record."""
    if isinstance(error, OSError):
        return f"{error.filename or 'payload'}: {error.strerror or type(error).__name__}"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "unknown place"
    return f"unexpected {type(error).__name__} in {where}; the delivery stays in landing and is tried again"


def _sweep(settings: Settings, ledger: Ledger, waiting: Sequence[Delivery]) -> None:
    days = sorted({(one.channel, one.ingest_date.isoformat()) for one in waiting})
    if not days:
        return
    # Only a delivery that still waits can have left files behind: the others cost nothing here.
    ids = {one.delivery_id for one in waiting}
    listed = {one.path for one in ledger.files(("identity", "disposition"), delivery_ids=ids, status=None)}
    for name in ("identity", "dispositions"):
        sweep_unlisted(settings.restricted / name, listed, settings.home, of=ids)
    for channel, day in days:
        entries = ledger.files(("raw", "original"), channel=channel, ingest_date=day, status=None)
        listed = {one.path for one in entries}
        for top in (settings.raw, settings.restricted / "originals"):
            sweep_unlisted(top / channel / day, listed, settings.home)


def _counts(delivery: Delivery, reasons: Mapping[str, int]) -> AdmissionCounts:
    return AdmissionCounts(
        delivery.delivery_id, delivery.channel, delivery.status, delivery.records_in, delivery.admitted,
        delivery.duplicate, delivery.superseded, delivery.quarantined, dict(sorted(reasons.items())),
    )  # fmt: skip


def _sum(channel: str, parts: list[AdmissionCounts]) -> ChannelCounts:
    reasons: Counter[str] = Counter()
    for one in parts:
        reasons.update(one.reasons)
    return ChannelCounts(
        channel,
        len(parts),
        sum(one.records_in for one in parts),
        sum(one.admitted for one in parts),
        sum(one.duplicate for one in parts),
        sum(one.superseded for one in parts),
        sum(one.quarantined for one in parts),
        dict(sorted(reasons.items())),
        tuple((one.delivery_id, one.withheld_reason) for one in parts if one.status == "withheld"),
    )
