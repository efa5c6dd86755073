"""What each step of a refresh does, in path order, as plain functions.

The Dagster assets in `defs/` call these; they hold no order of their own (that is the asset graph)
and no logic of the rooms they call. Every step is repeatable after a kill.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orchestration.admission.ledger import Ledger
from orchestration.linking import LinkReport, link_pending, pending_links
from orchestration.partitions import day_end
from orchestration.progress import step
from orchestration.scoring import ScoreReport, score_pending, scorer_version
from orchestration.settings import Settings
from orchestration.text_groups import GroupReport, group_pending

# Two days of 100,000 voices with all that comes with them fit into the memory of a day.
LARGE_WINDOW_RECORDS = 400_000


@dataclass(frozen=True)
class WaitingWork:
    """What a refresh would find to do.

    `as_of` is the day it would be for; None before the very first delivery.
    """

    as_of: date | None
    deliveries: int
    unfinished: str = ""

    @property
    def is_nothing(self) -> bool:
        """True if no delivery waits and everything admitted is scored, built and published."""
        return self.deliveries == 0 and not self.unfinished


def waiting_work(settings: Settings, as_of: date | None = None) -> WaitingWork:
    """Tell what a refresh for `as_of` (default: through the newest waiting delivery) would do."""
    from orchestration.sources.landing import sweep_landing

    with Ledger.open(settings) as ledger:
        sweep_landing(settings, ledger)
        landed = [
            one
            for one in ledger.deliveries(status=("landed", "withheld"))
            if one.channel in settings.channels and settings.channels[one.channel].enabled
        ]
        day = as_of or max((one.ingest_date for one in ledger.deliveries()), default=None)
        if day is None:
            return WaitingWork(None, 0)
        waiting = [one for one in landed if one.received_at < day_end(day)]
        return WaitingWork(day, len(waiting), _unfinished(settings, ledger, day))


def _unfinished(settings: Settings, ledger: Ledger, day: date) -> str:
    """Name the first step an earlier run did not finish, or ''."""
    from orchestration.warehouse.state import pending_build

    admitted = [one for one in ledger.deliveries() if one.status == "admitted"]
    if not admitted:
        return ""
    build = pending_build(settings, ledger, day, scorer_version=scorer_version())
    if build:
        return build
    links = pending_links(settings, ledger)
    if links:
        return links
    return "" if _is_published(settings) else "the last build is not published"


def _is_published(settings: Settings) -> bool:
    """Tell whether the last build reached the readers (a rollback since then is a person's will)."""
    from orchestration.warehouse.state import last_window_key

    mark = _published_mark(settings)
    return mark.is_file() and mark.read_text(encoding="utf-8") == last_window_key(settings)


def _published_mark(settings: Settings) -> Path:
    return settings.published / "last_window"


@dataclass(frozen=True)
class ChannelAdmission:
    """What one run admitted of one channel, and whether both equations close over all it ever sent."""

    channel: str
    deliveries: int = 0
    records_in: int = 0
    admitted: int = 0
    duplicate: int = 0
    superseded: int = 0
    quarantined: int = 0
    withheld: tuple[str, ...] = ()
    equations_closed: bool = True

    def words(self) -> str:
        """Say it in one line for a person."""
        if not self.deliveries:
            return "nothing new"
        parts = [f"{self.records_in} records, {self.admitted} admitted"]
        parts += [
            f"{count} {name}"
            for name, count in (
                ("duplicate", self.duplicate),
                ("superseded", self.superseded),
                ("quarantined", self.quarantined),
                ("deliveries WITHHELD", len(self.withheld)),
            )
            if count
        ]
        return ", ".join(parts)


def admit(settings: Settings, as_of: date, channel: str) -> ChannelAdmission:
    """Admit what one channel delivered before the end of `as_of`."""
    from orchestration.admission.admit import admit_pending

    with step("admit", f"admit {channel}") as record:
        report = admit_pending(settings, as_of, channels=[channel])
        counts = report.channels.get(channel)
        with Ledger.open(settings) as ledger:
            closed = all(one.closed for one in ledger.equations(channel=channel))
        row = ChannelAdmission(channel, equations_closed=closed)
        if counts is not None:
            row = ChannelAdmission(
                channel,
                deliveries=counts.deliveries,
                records_in=counts.records_in,
                admitted=counts.admitted,
                duplicate=counts.duplicate,
                superseded=counts.superseded,
                quarantined=counts.quarantined,
                withheld=tuple(f"{delivery}: {why}" for delivery, why in counts.withheld),
                equations_closed=closed,
            )
        record.rows, record.note = row.records_in, row.words()
    return row


def standing(settings: Settings, as_of: date, channel: str) -> ChannelAdmission:
    """Tell how a channel stands that this run leaves out: nothing admitted, what is withheld stays so."""
    with Ledger.open(settings) as ledger:
        held = ledger.deliveries(channel=channel, status="withheld", received_before=day_end(as_of))
        return ChannelAdmission(
            channel,
            withheld=tuple(f"{one.delivery_id}: {one.status_reason}" for one in held),
            equations_closed=all(one.closed for one in ledger.equations(channel=channel)),
        )


def score(settings: Settings, progress: Callable[[int, int], None] | None = None) -> ScoreReport:
    """Score every admitted voice that has no score of today's scorer."""
    with step("score", "score new texts") as record, Ledger.open(settings) as ledger:
        report = score_pending(settings, ledger, progress)
        record.rows = report.texts
        record.note = f"{report.texts} texts ({report.cache_hits} known), {report.mentions} mentions"
    return report


def link(settings: Settings, progress: Callable[[int, int], None] | None = None) -> LinkReport:
    """Say of every admitted key whose it is, and of every voice who spoke about which car."""
    with step("link", "link persons and vehicles") as record, Ledger.open(settings) as ledger:
        report = link_pending(settings, ledger, progress)
        record.rows = report.records
        record.note = (
            "nothing new"
            if report.is_unchanged
            else f"{report.persons} persons, {report.voices_linked} of {report.voices} voices with keys"
        )
    return report


def group_texts(settings: Settings, progress: Callable[[int, int], None] | None = None) -> GroupReport:
    """Enter every admitted voice into the index of near-duplicate texts."""
    with step("group", "group near-duplicate texts") as record, Ledger.open(settings) as ledger:
        report = group_pending(settings, ledger, progress)
        record.rows = report.texts
        record.note = f"{report.texts} texts, {report.grouped} came into a group"
    return report


def fix_window(settings: Settings, as_of: date, *, full_rebuild: bool = False) -> Any:
    """Fix what the build covers and write the control tables."""
    from orchestration.warehouse.control import open_window

    with step("window", "fix the build window") as record, Ledger.open(settings) as ledger:
        ledger.export_parquet(settings.ledger_export)
        window = open_window(
            settings,
            ledger,
            as_of,
            scorer_version=scorer_version(),
            force_full_rebuild=full_rebuild,
            renew_empty=_is_published(settings),
        )
        record.rows = len(window.delivery_ids)
        kind = (
            f"all anew ({', '.join(window.full_rebuild_reasons)})"
            if window.is_full_rebuild
            else "touched days"
        )
        record.note = f"{len(window.delivery_ids)} deliveries, {kind}"
    return window


def build(settings: Settings) -> Any:
    """Run dbt over the window that was fixed; on success mark the window as built.

    Returns the `BuildResult`; a failed model or test is a result, not an exception.
    """
    from orchestration.warehouse.control import close_window
    from orchestration.warehouse.dbt_runner import run_build
    from orchestration.warehouse.state import current_window

    window = current_window(settings, scorer_version=scorer_version())

    with step("build", "build and test the tables") as record:
        result = run_build(_with_room(settings, window), window.is_full_rebuild)
        record.rows = len(result.nodes)
        failed = len(result.failed)
        record.note = f"{len(result.nodes)} models and tests, {failed} failed"
        if result.success:
            close_window(settings, window)
    return result


def _with_room(settings: Settings, window: Any) -> Settings:
    """Return settings with the memory a window needs: joining a year of records takes more than a day."""
    from orchestration.warehouse.state import voices_to_rebuild

    with Ledger.open(settings) as ledger:
        records = sum(one.rows for one in ledger.files("raw", delivery_ids=window.delivery_ids))
    # Late rows may touch many days; a voice is about two records (what it says, what it belongs to).
    records += 2 * voices_to_rebuild(settings)
    if records <= LARGE_WINDOW_RECORDS:
        return settings
    limits = {**settings.limits, "duckdb_memory": settings.limits["duckdb_memory_large"]}
    return replace(settings, limits=limits)


def assure(settings: Settings, as_of: date) -> list[Any]:
    """Run the distribution gate and the conservation check over the built tables."""
    from data_quality.gate import run_distribution_gate
    from orchestration.warehouse.connection import connect_reader

    with step("assure", "look at distributions") as record:
        with connect_reader(settings.warehouse_path, settings) as connection:
            outcomes = run_distribution_gate(connection, as_of)
        record.rows = len(outcomes)
        record.note = f"{len(outcomes)} promises, {sum(not one.passed for one in outcomes)} broken"
    return outcomes


def why_not_publish(settings: Settings) -> str:
    """Say why the warehouse must not be published as it is, or return ''.

    It must be built to the end, and no blocking promise may be broken.
    """
    from orchestration.warehouse.state import current_window, is_last_window_built, pending_build

    if not is_last_window_built(settings):
        return "the last build did not end well; run `voc refresh`"
    window = current_window(settings, scorer_version=scorer_version())
    with Ledger.open(settings) as ledger:
        pending = pending_build(settings, ledger, window.as_of, scorer_version=scorer_version())
    if pending:
        return f"{pending}; run `voc refresh`"
    broken = [
        one.name for one in assure(settings, window.as_of) if one.severity == "block" and not one.passed
    ]
    return f"broken promises: {', '.join(broken)}" if broken else ""


def publish(settings: Settings) -> dict[str, Any]:
    """Publish the built tables to every audience."""
    from orchestration.publishing.publisher import publish_from_warehouse
    from orchestration.sources.files import write_durably
    from orchestration.warehouse.state import current_window, last_window_key, manifest_dict

    with step("publish", "publish") as record:
        window = current_window(settings, scorer_version=scorer_version())
        versions = publish_from_warehouse(_with_room(settings, window), manifest_dict(settings))
        write_durably(_published_mark(settings), (last_window_key(settings) or "").encode())
        with Ledger.open(settings) as ledger:
            for audience, one in sorted(versions.items()):
                ledger.record_published_version(one.version_id, audience, one.as_of, datetime.now(UTC))
        record.rows = len(versions)
        record.note = ", ".join(f"{name} {one.version_id}" for name, one in sorted(versions.items()))
    return versions


def retain(settings: Settings, as_of: date) -> int:
    """Delete landing payloads past their retention; return how many deliveries left landing."""
    from orchestration.sources.landing import enforce_landing_retention

    with Ledger.open(settings) as ledger:
        return len(enforce_landing_retention(settings, ledger, as_of))
