"""`voc rollback`, `voc sql`: the command line of published versions.

`voc publish` drives steps of a refresh and stands with them in `orchestration/commands.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from orchestration.publishing.catalogue import PublishError
from orchestration.publishing.query import FORMATS, QueryError, run_sql
from orchestration.publishing.versions import PREVIOUS, list_versions, rollback
from orchestration.settings import ConfigError, Settings

EXIT_BAD_INPUT = 3
EXIT_BAD_CONFIG = 65


class Failure(click.ClickException):
    """A message for a person, and the exit code that goes with it."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]


def load_settings() -> Settings:
    """Return the settings, or end with the code for bad configuration."""
    try:
        return Settings.load()
    except ConfigError as error:
        raise Failure(str(error), EXIT_BAD_CONFIG) from error


@click.command("rollback")
@click.argument("version", default=PREVIOUS)
@click.option("--audience", help="Only this audience (default: all, to the same publication).")
@click.option("--list", "show_list", is_flag=True, help="List the kept versions instead.")
@click.pass_obj
def rollback_command(
    audit: Callable[[str, Mapping[str, Any]], None] | None,
    version: str,
    audience: str | None,
    show_list: bool,
) -> None:
    """Point readers to an earlier VERSION (default: the previous one), until the next publish.

    The group's context object, if any, is called as `audit(action, details)`.
    """
    settings = load_settings()
    if show_list:
        _print_versions(settings, audience)
        return
    try:
        moved = rollback(settings, version, audience=audience, audit=audit)
    except PublishError as error:
        raise Failure(str(error), EXIT_BAD_INPUT) from error
    for name, version_id in moved.items():
        click.echo(f"{name:<8} -> {version_id}")
    click.echo("Holds until the next publish.")


def _print_versions(settings: Settings, audience: str | None) -> None:
    for name in [audience] if audience else sorted(settings.audiences):
        for info in list_versions(settings, name):
            mark = "*" if info.is_current else " "
            click.echo(
                f"{mark} {name:<8} {info.version_id}  {info.rows:>12,} rows  {info.bytes / 1e6:>8.1f} MB"
            )


@click.command("sql")
@click.argument("statement")
@click.option("--audience", default="bi", show_default=True, help="Whose published tables to read.")
@click.option("--format", "fmt", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--raw-csv", is_flag=True, help="Do not make formula-like cells inert in CSV.")
def sql_command(statement: str, audience: str, fmt: str, raw_csv: bool) -> None:
    """Run one reading SQL STATEMENT against the current published version."""
    settings = load_settings()
    try:
        click.echo(run_sql(settings, audience, statement, fmt, raw_csv=raw_csv), nl=False)
    except QueryError as error:
        raise Failure(str(error), EXIT_BAD_INPUT) from error
