"""Commands of the identity graph: `voc identity show|merge|unmerge|list`. What they do is `linking.py`."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Any

import click
import pyarrow.compute as pc

from orchestration.admission.ledger import Ledger
from orchestration.linking import LinkError, decide, decisions
from orchestration.settings import Settings
from orchestration.sources.commands import BAD_INPUT, CommandError, clear_errors, show_rows


@click.group("identity", help="Whose key is it: look, merge, un-merge (keys are domain:pseudonym).")
def identity_group() -> None:
    """Group `voc identity`."""


@identity_group.command("show", help="Show whom a key belongs to and what it was seen with.")
@click.argument("key")
@clear_errors
def show_command(key: str) -> None:
    """Show persons and edges of one key."""
    from ml.identity.graph import read_result

    folder = Settings.load().identity_folder
    if not (folder / "key_person.parquet").is_file():
        raise CommandError("no identities are linked yet; run `voc refresh`", BAD_INPUT)
    domain, _, value = key.partition(":")
    held = read_result(folder, "key_person")
    rows = held.filter(pc.and_(pc.equal(held["domain"], domain), pc.equal(held["key"], value))).to_pylist()
    if not rows:
        raise CommandError(
            f"{key!r} is not known; keys are domain:pseudonym as in bridge_identity", BAD_INPUT
        )
    names = [
        "person_id",
        "household_id",
        "method",
        "confidence",
        "valid_from",
        "valid_to",
        "is_shared",
        "is_staff",
    ]
    show_rows(names, [[_text(row[name]) for name in names] for row in rows], f"{len(rows)} rows")
    edges = read_result(folder, "link_edge")
    of_key = [
        pc.and_(pc.equal(edges[f"domain_{side}"], domain), pc.equal(edges[f"key_{side}"], value))
        for side in "ab"
    ]
    found = edges.filter(pc.or_(*of_key)).to_pylist()
    show_rows(
        ["a", "b", "method", "confidence", "seen", "first", "last"],
        [
            [
                f"{row['domain_a']}:{row['key_a']}", f"{row['domain_b']}:{row['key_b']}", row["method"],
                f"{row['confidence']:.2f}", str(row["evidence_count"]), _text(row["first_seen_date"]),
                _text(row["last_seen_date"]),
            ]
            for row in found
        ],
        f"{len(found)} edges",
    )  # fmt: skip


@identity_group.command("list", help="List the decisions people took.")
@clear_errors
def list_command() -> None:
    """List merges and un-merges, oldest first."""
    with Ledger.open(Settings.load()) as ledger:
        rows = decisions(ledger)
    if not rows:
        click.echo("no decision was taken")
        return
    show_rows(
        ["no", "what", "a", "b", "reason", "by", "at"],
        [
            [
                str(row["decision_id"]), row["action"], f"{row['domain_a']}:{row['key_a']}",
                f"{row['domain_b']}:{row['key_b']}", row["reason"], row["decided_by"], row["decided_at"],
            ]
            for row in rows
        ],
        f"{len(rows)} decisions",
    )  # fmt: skip


@identity_group.command("merge", help="Two keys are one person's (from the next refresh on).")
@click.argument("key_a")
@click.argument("key_b")
@click.option("--reason", required=True, help="Why; kept in the audit.")
@clear_errors
def merge_command(key_a: str, key_b: str, reason: str) -> None:
    """Enter a merge."""
    _decide("merge", key_a, key_b, reason)


@identity_group.command("unmerge", help="Two keys are not one person's (from the next refresh on).")
@click.argument("key_a")
@click.argument("key_b")
@click.option("--reason", required=True, help="Why; kept in the audit.")
@clear_errors
def unmerge_command(key_a: str, key_b: str, reason: str) -> None:
    """Enter an un-merge."""
    _decide("unmerge", key_a, key_b, reason)


def _decide(action: str, key_a: str, key_b: str, reason: str) -> None:
    try:
        decide(
            Settings.load(), action, (key_a, key_b), reason=reason, by=getpass.getuser(), at=datetime.now(UTC)
        )
    except LinkError as error:
        raise CommandError(str(error), BAD_INPUT) from error
    click.echo(f"{action} of {key_a} and {key_b} is noted; `voc refresh` applies it")


def _text(value: Any) -> str:
    return "" if value is None else str(value)
