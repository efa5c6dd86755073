"""Commands of the quarantine: `voc quarantine list|show|release|discard`. What they do is `quarantine.py`."""

from __future__ import annotations

import functools
import getpass
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from orchestration.admission.ledger import Ledger
from orchestration.admission.ledger_types import QuarantineRow
from orchestration.admission.quarantine import QuarantineError, Resolution, find_rows, original_of, release
from orchestration.admission.reasons import REASON_TEXTS, Reason
from orchestration.settings import Settings
from orchestration.sources.commands import BAD_INPUT, USAGE, CommandError, clear_errors, show_rows

_SHOWN_BYTES = 65_536
_STATUSES = click.Choice(["open", "released", "discarded", "all"])
_REASONS = click.Choice([str(one) for one in Reason])


def _guarded(command: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except QuarantineError as error:
            raise CommandError(str(error), BAD_INPUT) from error

    return clear_errors(run)


@click.group("quarantine", help="Records that could not be admitted: look, release, discard.")
def quarantine_group() -> None:
    """Group `voc quarantine`."""


@quarantine_group.command("list", help="List quarantined records (default: the open ones).")
@click.option("--channel", help="Only this channel.")
@click.option("--reason", type=_REASONS, metavar="CODE", help="Only this reason code.")
@click.option("--status", type=_STATUSES, default="open", show_default=True)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@_guarded
def list_command(channel: str | None, reason: str | None, status: str, form: str) -> None:
    """List without any value of a record."""
    settings = Settings.load()
    _check_channel(settings, channel)
    with Ledger.open(settings) as ledger:
        rows = ledger.quarantine_rows(
            channel=channel, reason=reason, status=None if status == "all" else status
        )
        names = {
            one.delivery_id: one.file_name
            for one in ledger.deliveries(delivery_ids=[r.delivery_id for r in rows])
        }
    if form == "json":
        click.echo(json.dumps([_as_json(row, names) for row in rows], ensure_ascii=False))
        return
    if not rows:
        click.echo("no such record in quarantine")
        return
    show_rows(
        ["id", "channel", "file", "line", "field", "reason", "what to do", "detail", "status"],
        [
            [
                row.quarantine_id, row.channel, names[row.delivery_id], str(row.line_no), row.field,
                f"{row.reason_code} {REASON_TEXTS[Reason(row.reason_code)].label_zh}",
                REASON_TEXTS[Reason(row.reason_code)].remedy_zh, row.reason_detail, row.status,
            ]
            for row in rows
        ],
        f"{len(rows)} records",
    )  # fmt: skip


@quarantine_group.command("show", help="Print a record's original bytes, made safe to print. Audited.")
@click.argument("record_id", metavar="ID")
@_guarded
def show_command(record_id: str) -> None:
    """Show why and what; control characters and bytes that are no text are escaped."""
    settings = Settings.load()
    with Ledger.open(settings) as ledger:
        row = find_rows(ledger, [record_id])[0]
        original = original_of(settings, ledger, row)
        ledger.audit("quarantine_show", row.quarantine_id, by=getpass.getuser(), at=datetime.now(UTC))
        delivery = ledger.delivery(row.delivery_id)
    text = REASON_TEXTS[Reason(row.reason_code)]
    name = delivery.file_name if delivery else row.delivery_id
    click.echo(f"{row.quarantine_id}  {row.channel}  {name}  line {row.line_no}  [{row.status}]")
    click.echo(f"bytes {row.byte_start}-{row.byte_end}, {row.payload_bytes:,} in all")
    click.echo(f"{row.reason_code} {text.label_zh}  field: {row.field or '-'}  {row.reason_detail}")
    click.echo(text.remedy_zh)
    if original.header is not None:
        click.echo("-- header\n" + printable(original.header))
    click.echo("-- record\n" + printable(original.payload))


@quarantine_group.command(
    "release", help="Try records again under today's contract; `voc refresh` admits them."
)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--channel", help="All open records of this channel.")
@click.option("--reason", type=_REASONS, metavar="CODE", help="All open records of this reason.")
@click.option("--why", default="", help="Why they are released.")
@_guarded
def release_command(ids: tuple[str, ...], channel: str | None, reason: str | None, why: str) -> None:
    """Land the original bytes again as deliveries of their own."""
    if bool(ids) == bool(channel or reason):
        raise CommandError(
            "name records by ID, or choose them by --channel and/or --reason (not both)", USAGE
        )
    settings = Settings.load()
    _check_channel(settings, channel)
    with Ledger.open(settings) as ledger:
        rows = (
            find_rows(ledger, ids)
            if ids
            else ledger.quarantine_rows(channel=channel, reason=reason, status="open")
        )
        landed = release(settings, ledger, rows, Resolution(getpass.getuser(), why, datetime.now(UTC)))
    if not landed:
        click.echo("no open record fits; nothing released")
        return
    click.echo(
        f"released {len(rows)} record(s) as {len(landed)} delivery(ies); the next `voc refresh` admits them"
    )
    for one in landed:
        click.echo(f"{one.delivery_id}\t{one.channel}\t{one.file_name}")


@quarantine_group.command("discard", help="Close records for good: they will not be admitted.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--why", required=True, help="Reason, kept in the audit.")
@_guarded
def discard_command(ids: tuple[str, ...], why: str) -> None:
    """Discard open records."""
    settings = Settings.load()
    with Ledger.open(settings) as ledger:
        rows = find_rows(ledger, ids)
        closed = [row.quarantine_id for row in rows if row.status != "open"]
        if closed:
            raise CommandError(f"{', '.join(closed)}: not open any more; nothing discarded", BAD_INPUT)
        count = ledger.discard(
            [row.quarantine_id for row in rows], by=getpass.getuser(), why=why, at=datetime.now(UTC)
        )
    click.echo(f"discarded {count} record(s)")


def printable(data: bytes) -> str:
    """Return bytes as text no terminal can be harmed by: escapes for controls, bidi marks, broken bytes."""
    shown = data[:_SHOWN_BYTES]
    for encoding in ("utf-8", "gb18030"):
        try:
            text = shown.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        text = shown.decode("utf-8", "backslashreplace")
    safe = "".join(
        one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode() for one in text
    )
    rest = len(data) - len(shown)
    return safe.rstrip("\n") + (f"\n… {rest:,} more bytes" if rest > 0 else "")


def _check_channel(settings: Settings, channel: str | None) -> None:
    if channel is not None and channel not in settings.channels:
        raise CommandError(f"unknown channel {channel!r}; known: {', '.join(settings.channels)}", USAGE)


def _as_json(row: QuarantineRow, names: dict[str, str]) -> dict[str, Any]:
    return asdict(row) | {
        "file_name": names[row.delivery_id],
        "label_zh": REASON_TEXTS[Reason(row.reason_code)].label_zh,
        "remedy_zh": REASON_TEXTS[Reason(row.reason_code)].remedy_zh,
    }
