"""Commands of the whole: refresh, publish, status, init-home, dbt. Others live beside what they drive."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, date, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from orchestration.lease import EXIT_LEASE_HELD, LeaseHeldError
from orchestration.settings import ConfigError, Settings

EXIT_GATE_FAILED = 4
EXIT_BAD_CONFIG = 65


def _settings() -> Settings:
    try:
        return Settings.load()
    except ConfigError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(EXIT_BAD_CONFIG)


def _day(_context: click.Context, _parameter: click.Parameter, value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a date; write it as 2026-03-31") from None


@click.command("init-home")
def init_home() -> None:
    """Create the home folder with its zones and the empty ledger."""
    from orchestration.admission.ledger import Ledger

    settings = _settings()
    for zone in (settings.landing, settings.restricted):
        zone.mkdir(parents=True, exist_ok=True, mode=0o700)
    for zone in (settings.raw, settings.scores, settings.published):
        zone.mkdir(parents=True, exist_ok=True)
    Ledger.open(settings).close()
    click.echo(f"{settings.home}: ready")


@click.command()
@click.option(
    "--as-of", callback=_day, help="Business day (Asia/Shanghai); default: through the newest delivery."
)
@click.option("--channel", "channels", multiple=True, help="Admit only this channel (may be repeated).")
@click.option("--full-rebuild", is_flag=True, help="Build all tables anew from the raw zone.")
def refresh(as_of: date | None, channels: tuple[str, ...], full_rebuild: bool) -> None:
    """From landed deliveries to published tables, for one business day."""
    from data_quality.contract import ContractError
    from orchestration.partitions import FIRST_DAY, business_date, day_end
    from orchestration.refresh import after_refresh, run_refresh
    from orchestration.status import status_document

    settings = _settings()
    if as_of and as_of > business_date(datetime.now(UTC)):
        raise click.BadParameter(
            f"{as_of} has not begun in Asia/Shanghai; the latest is today", param_hint="--as-of"
        )
    if as_of and as_of < FIRST_DAY:
        raise click.BadParameter(f"{as_of} is before the first day, {FIRST_DAY}", param_hint="--as-of")
    for channel in channels:
        if channel not in settings.channels:
            raise click.BadParameter(
                f"unknown channel {channel!r}; known: {', '.join(settings.channels)}", param_hint="--channel"
            )
    _require_keys(settings)
    try:
        outcome = run_refresh(settings, as_of=as_of, channels=channels, full_rebuild=full_rebuild)
    except LeaseHeldError as held:
        click.echo(str(held), err=True)
        sys.exit(EXIT_LEASE_HELD)
    except (ConfigError, ContractError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(EXIT_BAD_CONFIG)
    if not outcome.ran:
        day = f" as of {outcome.work.as_of}" if outcome.work.as_of else ""
        click.echo(f"nothing new{day}: no delivery waits, everything is built and published")
    after_refresh(settings)
    if outcome.ran and outcome.success and outcome.work.as_of:
        # Against the day the run is for; `voc status` and the notices measure against the clock.
        _print_channels(settings, status_document(settings, day_end(outcome.work.as_of)))
        _print_withheld(settings)
    if not outcome.success:
        for failure in outcome.failures:
            click.echo(f"failed: {failure}", err=True)
        click.echo("nothing was published; the version before stays (see docs/runbook.md)", err=True)
        sys.exit(EXIT_GATE_FAILED)


def _print_withheld(settings: Settings) -> None:
    """Name every delivery that could not be admitted, and why."""
    from orchestration.admission.ledger import Ledger

    with Ledger.open(settings) as ledger:
        for one in ledger.deliveries(status="withheld"):
            click.echo(f"withheld: {one.channel} {one.delivery_id}: {one.status_reason}")


def _require_keys(settings: Settings) -> None:
    """End with a clear word before any work if the keys cannot be read."""
    from orchestration.admission.keys import Keys

    try:
        Keys.load(settings.keys_path)
    except ConfigError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(EXIT_BAD_CONFIG)


@click.command()
def publish() -> None:
    """Publish the finished build once more, under the same lease and gate as a refresh.

    For after a rollback, or when publishing failed. Exit 4 if the build is not finished or a blocking
    promise is broken, 75 while a refresh runs.
    """
    from orchestration import steps
    from orchestration.lease import lease
    from orchestration.publishing.catalogue import PublishError

    settings = _settings()
    try:
        with lease(settings.lease_path, f"voc publish pid {os.getpid()}"):
            why_not = steps.why_not_publish(settings)
            published = {} if why_not else steps.publish(settings)
    except LeaseHeldError as held:
        click.echo(str(held), err=True)
        sys.exit(EXIT_LEASE_HELD)
    except PublishError as error:
        why_not, published = str(error), {}
    if why_not:
        click.echo(f"not published: {why_not}", err=True)
        sys.exit(EXIT_GATE_FAILED)
    for version in published.values():
        state = "new" if version.is_new else "moved" if version.is_moved else "unchanged"
        click.echo(f"{version.audience:<8} {version.version_id}  {state:<9}  {version.database}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Freshness, equations, quarantine and published versions."""
    from orchestration.status import status_document

    settings = _settings()
    document = status_document(settings)
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))
        return
    _print_channels(settings, document)
    for audience, version in document["published"].items():
        click.echo(f"published {audience:<8} {version or 'nothing yet'}")
    if document["is_refreshing"]:
        click.echo("a refresh is running")


def _print_channels(settings: Settings, document: dict[str, Any] | None = None) -> None:
    from orchestration.status import status_document

    document = document or status_document(settings)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("channel")
    for name in ("in", "admitted", "duplicate", "superseded", "quarantined", "open", "waiting"):
        table.add_column(name, justify="right")
    table.add_column("equations")
    table.add_column("last delivery (UTC)")
    for row in document["channels"]:
        table.add_row(
            row["channel"],
            *(str(row[key]) for key in ("records_in", "admitted", "duplicate", "superseded", "quarantined")),
            str(row["quarantined_open"]),
            str(row["waiting"]),
            "closed" if row["equations_closed"] else "[red]OPEN[/red]",
            f"{row['last_received_at'] or 'never'}{'  [red]STALE[/red]' if row['is_stale'] else ''}"
            + (f"  [red]{row['withheld']} withheld[/red]" if row["withheld"] else ""),
        )
    width = None if sys.stdout.isatty() else 140
    Console(highlight=False, width=width).print(table)


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def dbt(arguments: tuple[str, ...]) -> None:
    """Run dbt on this installation's project and warehouse: `voc dbt -- parse`."""
    from orchestration.lease import lease
    from orchestration.warehouse.dbt_runner import DbtError, invoke

    settings = _settings()
    try:
        with lease(settings.lease_path, "voc dbt"):
            result = invoke(settings, arguments or ("--help",))
    except DbtError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(EXIT_GATE_FAILED)
    except LeaseHeldError as held:
        click.echo(str(held), err=True)
        sys.exit(EXIT_LEASE_HELD)
    for node in result.nodes:
        click.echo(f"{node.status:<8} {node.name}")
    if not result.success:
        click.echo(result.summary(), err=True)
        sys.exit(EXIT_GATE_FAILED)
