"""`voc brief`: write the page."""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.brief.render import render_brief
from orchestration.publishing.commands import EXIT_BAD_INPUT, Failure, load_settings
from orchestration.publishing.files import write_durably
from orchestration.publishing.query import QueryError


@click.command("brief")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("brief.html"),
    show_default=True,
    help="Where to write the page.",
)
def brief_command(output: Path) -> None:
    """Write the Chinese brief: one HTML page from the published version of audience `voice`."""
    settings = load_settings()
    try:
        page = render_brief(settings)
    except QueryError as error:
        raise Failure(str(error), EXIT_BAD_INPUT) from error
    target = output.expanduser().resolve()
    if not target.parent.is_dir():
        raise Failure(
            f"{target.parent}: no such folder; create it or choose another --output", EXIT_BAD_INPUT
        )
    try:
        write_durably(target, page.encode())
    except OSError as error:
        raise Failure(f"{target}: cannot be written: {error.strerror}", EXIT_BAD_INPUT) from error
    click.echo(str(target))
