"""What every voice channel of this package has on its desk: composer, dice, noise, accounts, copies."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from sample_oem import identifiers
from sample_oem.channels.people import Keys
from sample_oem.context import DAY_S, Context
from sample_oem.personal import Personal
from sample_oem.spoken import Account, Row, neighbours, rows
from sample_oem.voices.compose import Composer
from sample_oem.voices.noise import Noise
from sample_oem.voices.surface import SIMPLIFIED, TRADITIONAL, edited_copy, full_width, traditional
from sample_oem.voices.written import Claims
from sample_oem.world import RIVALS

C = TypeVar("C", bound=Composer)

# Share of a channel's texts in Traditional script, and with full-width letters and digits.
TRADITIONAL_SHARE = {
    "social_media": 0.03,
    "forum_threads": 0.02,
    "customer_mail": 0.02,
    "owner_app": 0.01,
    "review_site": 0.01,
    "private_group": 0.01,
    "online_chat": 0.005,
}
_FULL_WIDTH_SHARE = 0.01
_RIVAL_OWNERS = 0.6


class Desk(Generic[C]):
    """One channel's writer with everything that is not the raw shape."""

    def __init__(self, context: Context, channel: str, entity: str, composer: type[C], role: str) -> None:
        self.context, self.channel = context, channel
        self.composer = composer(context.world, channel, context.seed)
        self.rng: random.Random = context.stream(channel)
        self.keys = Keys(context, self.rng)
        self.personal = Personal(context, channel, entity, self.composer)
        self.account = Account(context, channel, role)
        self.noise = Noise(self.composer, channel)
        self.claims = Claims(self.composer)
        self.script_share = TRADITIONAL_SHARE.get(channel, 0.0)
        self._nicknames: dict[str, str] = {}
        self.has_planted_copies = bool((context.happenings.voices[channel].repost_of >= 0).any())

    def rows(self) -> Iterator[Row]:
        """All voices of the channel."""
        return rows(self.context, self.channel)

    def second(self, row: Row, late_until: int = DAY_S - 1200) -> int:
        """Second of the day the voice is given; mostly between breakfast and midnight."""
        drawn = int(self.rng.gauss(15.5, 4.2) * 3600) % DAY_S
        return min(row.second if row.second >= 0 else drawn, late_until)

    def topics(self, row: Row, chance: float) -> tuple[list[int], list[int]]:
        """Topics and moods of a voice: its own, perhaps more."""
        return neighbours(self.rng, row, chance)

    def noise_kind(self, row: Row) -> str:
        """Kind of noise that takes the place of a voice, mostly none; what is planted keeps its voice."""
        kind = self.noise.kind(row.problem, row.story)
        return kind if row.staff < 0 else ""

    def claimed(self, row: Row, text: str) -> str:
        """Add a quote of the marketing where a campaign reached the speaker."""
        if row.campaign < 0 or self.rng.random() > 0.7:
            return text
        quote = self.claims.quote(row.campaign, row.vehicle, row.topic, row.mood)
        return f"{quote}，{text}" if self.rng.random() < 0.5 else f"{text}，{quote}"

    def surfaced(self, text: str) -> tuple[str, str]:
        """Return (text, script): now and then Traditional characters, or full-width letters."""
        roll = self.rng.random()
        if roll < self.script_share:
            return traditional(text), TRADITIONAL
        if roll > 1 - _FULL_WIDTH_SHARE:
            return full_width(text), SIMPLIFIED
        return text, SIMPLIFIED

    def owner(self, row: Row) -> int:
        """Index of the owner who speaks, or who owns the car spoken about (for traits, never for keys)."""
        return row.speaker if row.speaker >= 0 else int(self.context.world.vehicles.owner[row.vehicle])

    def stranger(self) -> str:
        """Name of somebody we do not know."""
        return identifiers.person_names(self.personal.numbers, 1)[0]

    def handle(self, row: Row, stranger_share: float = 0.0) -> str:
        """Public user id: one per owner and channel, and per member of staff; a fresh one for strangers."""
        if row.staff >= 0:
            return self._handle(f"staff/{row.staff}")
        if row.speaker < 0 or self.rng.random() < stranger_share:
            return str(self.rng.randrange(5_000_000_000, 8_000_000_000))
        return self._handle(str(row.speaker))

    def _handle(self, who: str) -> str:
        seed = f"{self.context.seed}/{self.channel}/{who}"
        return str(1_000_000_000 + int(hashlib.sha256(seed.encode()).hexdigest()[:8], 16) % 4_000_000_000)

    def nickname(self, handle: str, vehicle: int) -> str:
        """Nickname of a user id; it stays the same."""
        found = self._nicknames.get(handle)
        if found is None:
            found = self._nicknames[handle] = self.composer.say("w_name", self.composer.speaker(vehicle, 0))
        return found

    def rival(self, row: Row) -> tuple[str, str] | None:
        """Brand and series of the rival's car a stranger speaks about, if that is what they own."""
        if row.speaker >= 0 or row.story >= 0 or self.rng.random() > _RIVAL_OWNERS:
            return None
        brand, series = RIVALS[self.rng.randrange(len(RIVALS))]
        self.composer.foreign = {"series": series, "model": f"202{self.rng.randrange(2, 6)}款"}
        return brand, series

    def at_home(self) -> None:
        """End a rival owner's speech."""
        self.composer.foreign = None


class Copies:
    """Who passes on whose text: planted copies by the world, or one in so many of its own."""

    def __init__(self, desk: Desk[Any], share: float, memory: int = 400) -> None:
        self.rng, self.composer, self.memory = desk.rng, desk.composer, memory
        self.share = 0.0 if desk.has_planted_copies else share
        self.recent: list[int] = []
        self.texts: dict[int, tuple[str, str]] = {}
        self.groups: dict[str, str] = {}

    def source(self, row: Row) -> int:
        """Row number of the text this voice repeats (-1: it is one's own)."""
        if row.repost_of >= 0:
            return row.repost_of if row.repost_of in self.texts else -1
        if not self.recent or row.problem >= 0 or row.story >= 0 or self.rng.random() >= self.share:
            return -1
        # Few texts spread far: the draw favours early ones of the recent.
        return self.recent[int(len(self.recent) * self.rng.random() ** 2.5)]

    def keep(self, number: int, voice: str, text: str) -> None:
        """Remember a text that others may pass on."""
        self.texts[number] = (voice, text)
        if len(text) >= 16:
            self.recent.append(number)
            if len(self.recent) > self.memory:
                del self.recent[: self.memory // 4]

    def edited(self, source: int) -> tuple[str, str, str]:
        """Return (text, kind, voice repeated) of an edited or exact copy."""
        voice, text = self.texts[source]
        if self.rng.random() < 0.25:
            return text, "exact", voice
        return edited_copy(text, self.composer.rand), "edited", voice
