"""The page: a template, a few drawings, and the promise of equal bytes for an equal version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestration.brief.content import Brief, read_brief
from orchestration.brief.queries import PERIOD_DAYS, SAFETY_SHOWN, SURVEY_WINDOW_DAYS
from orchestration.settings import Settings


@dataclass(frozen=True)
class Bar:
    """One bar of a small chart, in the units of its drawing."""

    x: float
    y: float
    width: float
    height: float


def bars(values: Sequence[int], width: float, height: float, gap: float = 1.0) -> list[Bar]:
    """Return bars for values, the largest as high as the drawing; a zero is a hairline."""
    if not values:
        return []
    top = max(1, *values)
    step = width / len(values)
    drawn = []
    for index, value in enumerate(values):
        tall = max(height * value / top, 0.75)
        drawn.append(
            Bar(round(index * step, 2), round(height - tall, 2), round(step - gap, 2), round(tall, 2))
        )
    return drawn


def scale(value: float, low: float, high: float, width: float) -> float:
    """Return where a value lies on an axis of the given width."""
    return round(width * (value - low) / (high - low), 2)


def render_brief(settings: Settings) -> str:
    """Return the page for the current version of audience `voice`.

    Equal versions give equal text: nothing but the version goes in, no clock is read.

    Raises:
        QueryError: nothing published yet, or a table is missing.

    """
    return render(read_brief(settings))


def render(brief: Brief) -> str:
    """Return the page for a brief."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        bars=bars,
        scale=scale,
        period_days=PERIOD_DAYS,
        safety_shown=SAFETY_SHOWN,
        survey_window_days=SURVEY_WINDOW_DAYS,
    )
    return environment.get_template("brief.html.j2").render(brief=brief)
