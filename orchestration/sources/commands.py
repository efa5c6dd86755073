"""Commands of landing: `voc deliver`, `voc collect`, `voc retention`. They never admit."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from data_quality.contract import ContractError
from orchestration.admission.ledger import Ledger, LedgerError
from orchestration.admission.ledger_types import Delivery
from orchestration.partitions import BUSINESS_ZONE, FIRST_DAY, business_date
from orchestration.settings import ConfigError, Settings
from orchestration.sources.collecting import collect_all
from orchestration.sources.landing import DeliveryError, deliver, enforce_landing_retention

USAGE, BAD_INPUT, BAD_CONFIG = 2, 3, 65


class CommandError(click.ClickException):
    """A clear message with the exit code of docs/interfaces.md §11."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click declares it for the class


def clear_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turn errors a person can act on into one line and an exit code."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except DeliveryError as error:
            raise CommandError(str(error), BAD_INPUT) from error
        except (ConfigError, ContractError, LedgerError) as error:
            raise CommandError(str(error), BAD_CONFIG) from error

    return guarded


def show_rows(headings: list[str], rows: list[list[str]], title: str = "") -> None:
    """Print rows as a table on a terminal, tab-separated elsewhere."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        click.echo("\t".join(headings))
        for row in rows:
            click.echo("\t".join(row))
        return
    table = Table(title=title or None)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    console.print(table)


@click.command("deliver", help="Land files for a channel; `voc refresh` admits them.")
@click.argument("channel")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--received-at", metavar="ISO", help="Time of receipt; without a zone: Asia/Shanghai. Default: now."
)
@click.option("--json", "as_json", is_flag=True, help="Print the deliveries as JSON.")
@clear_errors
def deliver_command(channel: str, files: tuple[Path, ...], received_at: str | None, as_json: bool) -> None:
    """Land and register; nothing is read yet."""
    settings = Settings.load()
    if channel not in settings.channels:
        raise CommandError(f"unknown channel {channel!r}; known: {', '.join(settings.channels)}", USAGE)
    moment = _instant(received_at)
    with Ledger.open(settings) as ledger:
        _print_deliveries(deliver(settings, ledger, channel, files, moment), as_json)


@click.command("collect", help="Read every channel's source and land what is new; `voc refresh` admits it.")
@click.option("--channel", "channels", multiple=True, metavar="NAME", help="Only this channel (repeatable).")
@click.option(
    "--received-at", metavar="ISO", help="Time of receipt; without a zone: Asia/Shanghai. Default: now."
)
@click.option("--json", "as_json", is_flag=True, help="Print the deliveries as JSON.")
@clear_errors
def collect_command(channels: tuple[str, ...], received_at: str | None, as_json: bool) -> None:
    """Collect from all channels; exit 3 names those that failed, the others are landed all the same."""
    settings = Settings.load()
    for channel in channels:
        if channel not in settings.channels:
            raise CommandError(f"unknown channel {channel!r}; known: {', '.join(settings.channels)}", USAGE)
    moment = _instant(received_at)
    with Ledger.open(settings) as ledger:
        found = collect_all(
            settings,
            ledger,
            channels=channels,
            received_at=moment,
            say=lambda line: click.echo(line, err=True),
        )
    _print_deliveries([delivery for one in found for delivery in one.deliveries], as_json)
    failed = [one for one in found if one.failure]
    for one in failed:
        click.echo(f"failed: {one.channel}: {one.failure}", err=True)
    if failed:
        raise SystemExit(BAD_INPUT)


@click.command("retention", help="Delete landed payloads older than retention.landing_days.")
@click.option("--as-of", metavar="DATE", help="Business day to count from. Default: today in Shanghai.")
@clear_errors
def retention_command(as_of: str | None) -> None:
    """Keep landing and published versions as short as voc.yml promises; the ledger remembers."""
    settings = Settings.load()
    try:
        day = business_date(datetime.now(UTC)) if as_of is None else date.fromisoformat(as_of)
    except ValueError as error:
        raise CommandError(f"--as-of {as_of}: write a date as 2024-01-31", USAGE) from error
    with Ledger.open(settings) as ledger:
        gone = enforce_landing_retention(settings, ledger, day)
    total = sum(one.file_bytes for one in gone)
    click.echo(f"removed {_prune_versions(settings)} published version(s) past retention.published_versions")
    click.echo(
        f"deleted {len(gone)} payload(s), {total:,} bytes, received more than "
        f"{settings.retention['landing_days']} days before {day}"
    )


def _prune_versions(settings: Settings) -> int:
    """Remove versions beyond the kept depth that nobody has open; return how many."""
    from orchestration.publishing.versions import AudienceStore, prune, publish_lock

    keep = int(settings.retention["published_versions"])
    with publish_lock(settings):
        return sum(len(prune(AudienceStore(settings, audience), keep)) for audience in settings.audiences)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"--received-at {text}: write a time as 2024-01-31T08:00:00+08:00"
        raise CommandError(message, USAGE) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=BUSINESS_ZONE)
    if business_date(moment) < FIRST_DAY or moment > datetime.now(UTC) + timedelta(minutes=10):
        raise CommandError(f"--received-at {text}: before {FIRST_DAY} or in the future", USAGE)
    return moment


def _print_deliveries(landed: list[Delivery], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in landed], ensure_ascii=False))
        return
    if not landed:
        click.echo("nothing to collect")
        return
    rows = [
        [
            one.delivery_id,
            one.channel,
            one.file_name,
            f"{one.file_bytes:,}",
            _local(one.received_at),
            one.status,
        ]
        for one in landed
    ]
    show_rows(["delivery", "channel", "file", "bytes", "received (Shanghai)", "status"], rows)


def _local(moment: datetime) -> str:
    return moment.astimezone(BUSINESS_ZONE).isoformat(" ", "seconds")


def _as_json(one: Delivery) -> dict[str, Any]:
    return {
        "delivery_id": one.delivery_id,
        "channel": one.channel,
        "file_name": one.file_name,
        "received_at": one.received_at.isoformat(),
        "ingest_date": one.ingest_date.isoformat(),
        "bytes": one.file_bytes,
        "sha256": one.sha256,
        "status": one.status,
    }
