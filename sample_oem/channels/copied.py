"""Who hands in what was said before: owners who copy one another, and people who say it once more.

What is passed on as somebody else's (forwards, edited copies, reprints) is in ``desk``.
"""

from __future__ import annotations

import random

from sample_oem.spoken import NO_GROUP, Group, Row


class Campaigns:
    """Owners who copy one another's complaint: groups of texts alike but for numbers and a few words.

    Some quarrel is always under way: the first fitting complaint of the window starts one.
    """

    _JOIN, _START = 0.036, 0.004
    _EDITS = ("！", "。请尽快处理", "，强烈要求解决", "", "，我也是", "。同款车主")

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.templates: list[str] = []
        self.origins: list[str] = []
        self.members: dict[str, int] = {}

    def maybe(self, text: str, voice: str) -> str:
        """Give the text itself, or (one in thirty) a copy of a circulating template."""
        roll = self.rng.random()
        is_start = roll < self._START or not self.templates
        # What is worth copying was written with care: no shout, no essay.
        if is_start and 60 < len(text) < 240:
            self.templates.append(text)
            self.origins.append(voice)
            self.members[voice] = len(self.templates) - 1
        elif self.templates and roll > 1 - self._JOIN:
            # Early templates spread further, as rows of one long quarrel do.
            group = int(len(self.templates) * self.rng.random() ** 2.5)
            self.members[voice] = group
            text = self.templates[group] + (self.rng.choice(self._EDITS) if self.rng.random() < 0.4 else "")
        return text

    def group(self, voice: str) -> Group:
        """(name, kind, origin) of the template group a complaint belongs to, empty where to none."""
        found = self.members.get(voice)
        return NO_GROUP if found is None else (f"template-{found}", "template", self.origins[found])


class Again:
    """People whose trouble goes on and who hand in their own text once more, with another ending at most.

    ``share`` of the voices that speak of the same trouble of the same car a second time do so, if the
    first text had ``least`` characters: a few words are typed anew.
    """

    _ENDINGS = ("！", "。", "", "！！", "。。。", "  ", "…")

    def __init__(self, rng: random.Random, share: float, least: int) -> None:
        self.rng, self.share, self.least = rng, share, least
        self.told: dict[tuple[int, int], tuple[str, str]] = {}
        self.groups: dict[str, Group] = {}

    def maybe(self, row: Row, voice: str) -> str:
        """Give the text said before about this trouble, or nothing: then it is told anew."""
        found = self.told.get((row.problem, row.vehicle))
        if found is None or self.rng.random() >= self.share:
            return ""
        origin, text = found
        self.groups[voice] = (f"again-{origin}", "again", origin)
        if self.rng.random() < 0.5:
            return text
        return text.rstrip("。！!.… ，,") + self.rng.choice(self._ENDINGS)

    def keep(self, row: Row, voice: str, text: str, *, is_own: bool) -> None:
        """Remember the first text about a trouble, if it is the speaker's own and gives nothing away."""
        if row.problem >= 0 and is_own and len(text) >= self.least:
            self.told.setdefault((row.problem, row.vehicle), (voice, text))

    def group(self, voice: str) -> Group:
        """(name, kind, origin) of a voice that repeats one's own, empty for the others."""
        return self.groups.get(voice, NO_GROUP)
