"""What every channel's shape needs: the world, what happened, the calendar, and the account of what was said.

Also the two ways to write one record (a delimited line, a JSON line). Which channels there are stands in
``registry``, the rows of a channel come from ``spoken``.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import orjson

from sample_oem.events import Happenings
from sample_oem.truth import PlantedValue
from sample_oem.world import World

DAY_S = 86_400
_UTC_BEHIND_S = 8 * 3600


class VoiceTruth(NamedTuple):
    """What is true about one voice: who speaks, about what, in which script, and whether it repeats another.

    ``voice`` is the voice key as the source writes it (its parts joined by ``/``), ``vehicle`` and
    ``speaker`` are world indices (-1 = a stranger). ``speaker_role`` is owner, rival_owner, public,
    adviser, agent, bot, technician or staff: a dealer's adviser (``staff_no``) who poses as the owner of
    the vehicle. ``aspect`` is empty and ``polarity`` 0 for noise. ``group`` names
    texts that belong together (``group_kind``: exact, edited, template, quoted; again: one's own text
    handed in once more), ``origin`` the voice that is repeated.
    """

    channel: str
    voice: str
    day: int
    vehicle: int
    speaker: int
    speaker_role: str
    aspect: str
    polarity: int
    story: str
    campaign: int
    noise: str
    script: str
    group: str
    group_kind: str
    origin: str
    staff_no: str


@dataclass
class Context:
    """What every channel needs: the world, what happened, the calendar and a stream of its own."""

    world: World
    happenings: Happenings
    first_day: np.datetime64
    days: int
    seed: int
    planted: list[PlantedValue] = field(default_factory=list)
    template_groups: dict[str, int] = field(default_factory=dict)
    voice_truth: list[VoiceTruth] = field(default_factory=list)
    _dates: dict[int, str] = field(default_factory=dict)

    def stream(self, name: str) -> random.Random:
        """Return an independent reproducible stream."""
        return random.Random(f"{self.seed}/shape/{name}")  # noqa: S311 - simulation

    def date(self, day: int) -> str:
        """ISO date of an event day."""
        found = self._dates.get(day)
        if found is None:
            found = self._dates[day] = str(self.first_day + np.timedelta64(day, "D"))
        return found

    def moment(self, day: int, second: int) -> str:
        """Shanghai wall time ``YYYY-MM-DD HH:MM:SS`` on an event day."""
        hours, rest = divmod(second % DAY_S, 3600)
        return f"{self.date(day + second // DAY_S)} {hours:02d}:{rest // 60:02d}:{rest % 60:02d}"

    def moment_utc(self, day: int, second: int) -> str:
        """Return the same moment as UTC text ``YYYY-MM-DDTHH:MM:SSZ``."""
        return self.moment(day, second - _UTC_BEHIND_S).replace(" ", "T") + "Z"

    def moment_dotted(self, day: int, second: int) -> str:
        """Shanghai wall time as ``DD.MM.YYYY HH:MM:SS``."""
        text = self.moment(day, second)
        return f"{text[8:10]}.{text[5:7]}.{text[:4]}{text[10:]}"

    def epoch_ms(self, day: int, second: int) -> int:
        """Epoch milliseconds of a Shanghai wall time."""
        base = int(self.first_day.astype("datetime64[s]").astype(np.int64))
        return (base + day * DAY_S + second - _UTC_BEHIND_S) * 1000


def quoted(cells: Iterable[str], delimiter: str) -> list[str]:
    """Cells of delimited files, in quotes where they need them."""
    return [
        '"' + c.replace('"', '""') + '"' if (delimiter in c or '"' in c or "\n" in c or "\r" in c) else c
        for c in cells
    ]


def csv_line(cells: Sequence[str], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """One delimited record with minimal quoting and a line feed."""
    return (delimiter.join(quoted(cells, delimiter)) + "\n").encode(encoding)


def json_line(body: object) -> bytes:
    """One JSON record with a line feed."""
    return orjson.dumps(body) + b"\n"
