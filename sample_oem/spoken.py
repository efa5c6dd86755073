"""The rows of a channel, one voice at a time, and the account of what is true about each.

``events`` says what is voiced where (arrays); here they become ``Row`` objects with a topic: the scope
of words a composer speaks from (an aspect, or a story with words of its own). How it is written is in
``shapes`` and ``channels``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from sample_oem.catalogue import ASPECTS
from sample_oem.context import Context, VoiceTruth
from sample_oem.subjects import staff_number
from sample_oem.voices.stories import story_name, topic_of


class Row(NamedTuple):
    """One voice to be written. Indices are of the world; -1 = none.

    ``topic`` picks the words (aspect or story), ``aspect`` the truth; ``second`` is the second of the
    Shanghai day; ``speaker`` the owner who speaks (-1 = a stranger); ``staff`` the adviser who writes in
    the name of the car's owner.
    """

    number: int
    day: int
    vehicle: int
    aspect: int
    mood: int
    severity: int
    problem: int
    second: int
    story: int
    campaign: int
    repost_of: int
    speaker: int
    staff: int
    topic: int


_COLUMNS = (
    "day", "vehicle", "aspect", "polarity", "severity", "problem",
    "second", "story", "campaign", "repost_of", "speaker", "staff",
)  # fmt: skip


def rows(context: Context, channel: str) -> Iterator[Row]:
    """All voices of a channel in day order."""
    voices = context.happenings.voices[channel]
    columns = [getattr(voices, name).tolist() for name in _COLUMNS]
    for number, values in enumerate(zip(*columns, strict=True)):
        yield Row._make((number, *values, topic_of(values[2], values[7])))


Group = tuple[str, str, str]
NO_GROUP: Group = ("", "", "")


class Account:
    """Writes down what is true about each voice of one channel."""

    def __init__(self, context: Context, channel: str, role: str) -> None:
        self.context, self.channel, self.role = context, channel, role

    def note(
        self,
        row: Row,
        voice: str,
        *,
        role: str = "",
        noise: str = "",
        script: str = "simplified",
        group: Group = NO_GROUP,
    ) -> None:
        """Note one voice; ``group`` is (name, kind, voice repeated)."""
        # What advisers and bots say after somebody who poses is their own.
        staff = -1 if role in ("adviser", "bot") else row.staff
        self.context.voice_truth.append(
            VoiceTruth(
                self.channel,
                voice,
                row.day,
                row.vehicle,
                row.speaker,
                "staff" if staff >= 0 else role or self.role,
                "" if noise else ASPECTS[row.aspect].code,
                0 if noise else row.mood,
                story_name(row.story),
                row.campaign,
                noise,
                script,
                *group,
                staff_number(staff),
            )
        )


def neighbours(rng: random.Random, row: Row, chance: float) -> tuple[list[int], list[int]]:
    """Add to the topic spoken about perhaps one or two more, with moods of their own."""
    topics, moods = [row.topic], [row.mood]
    while len(topics) < 3 and rng.random() < chance:
        topics.append(rng.randrange(len(ASPECTS)))
        moods.append(row.mood if rng.random() < 0.4 else rng.choice((-1, 0, 1)))
    return topics, moods
