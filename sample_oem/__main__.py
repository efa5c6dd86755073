"""Command line of the sample carmaker: ``python -m sample_oem --out DIR --truth DIR``."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from sample_oem import CHANNELS, DEFAULT_END, SIZES, generate
from sample_oem.scenarios import SCENARIOS


@click.command(
    help="Write N days of deliveries of a simulated carmaker, and beside them the truth about them."
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="new deliveries folder"
)
@click.option(
    "--truth", type=click.Path(path_type=Path, file_okay=False), required=True, help="folder for the truth"
)
@click.option("--days", type=click.IntRange(1, 3660), default=90, show_default=True)
@click.option("--end", type=click.DateTime(["%Y-%m-%d"]), default=DEFAULT_END.isoformat(), show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--size", type=click.Choice(list(SIZES)), default="S", show_default=True, help="owners and voices"
)
@click.option("--owners", type=click.IntRange(1), help="number of owners instead of the size's")
@click.option("--voices-per-day", type=click.FloatRange(1), help="voices a day instead of the size's")
@click.option(
    "--last-day-voices", type=click.FloatRange(1), help="voices of the last day alone (for benchmarks)"
)
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True, help="same bytes, sooner")
@click.option("--channels", multiple=True, type=click.Choice(list(CHANNELS)), help="only these (repeatable)")
@click.option(
    "--scenario", type=click.Choice(list(SCENARIOS)), default="base", show_default=True, help="planted world"
)
def main(  # noqa: PLR0913 - one parameter per option
    out: Path,
    truth: Path,
    days: int,
    end: datetime,
    seed: int,
    size: str,
    owners: int | None,
    voices_per_day: float | None,
    last_day_voices: float | None,
    processes: int,
    channels: tuple[str, ...],
    scenario: str,
) -> None:
    """Generate and print what to expect per channel."""
    volume = voices_per_day or SIZES[size][1]
    # Days of given sizes have no seasons: a list is taken as it stands.
    volumes = [volume] * (days - 1) + [last_day_voices] if last_day_voices else volume
    try:
        made = generate(
            out,
            truth,
            days,
            end.date(),
            seed,
            owners or SIZES[size][0],
            volumes,
            channels or CHANNELS,
            scenario,
            processes,
        )
    except (ValueError, OSError) as error:
        click.echo(f"sample_oem: {error}", err=True)
        sys.exit(2)
    click.echo(f"{made.files} files, {made.bytes / 1e6:.1f} MB in {made.out}; truth in {made.truth}")
    for channel, counts in made.channels.items():
        click.echo(f"  {channel}: " + ", ".join(f"{name} {n}" for name, n in counts.items()))


if __name__ == "__main__":
    main()
