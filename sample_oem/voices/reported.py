"""What others write about customers and cars: advisers' notes, repair lines, articles of news sites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sample_oem.voices.compose import Composer
from sample_oem.voices.surface import pinyin_debris, traditional

_NEWS = ("n_neg", "n_neu", "n_pos")


class Repair(NamedTuple):
    """The three notes of a repair line."""

    complaint: str
    cause: str
    correction: str


class RepairComposer(Composer):
    """Repair lines in workshop jargon; the business system's repair orders take their notes from here."""

    def repair(self, vehicle: int, topic: int) -> Repair:
        """Complaint, cause and correction of one line."""
        speaker = self.speaker(vehicle, topic)
        return Repair(
            self.say("u_complaint", speaker), self.say("u_cause", speaker), self.say("u_correction", speaker)
        )


class AdviserComposer(Composer):
    """Advisers' shorthand: abbreviations, no full sentences, what was done and what comes next."""

    def note(self, vehicle: int, topic: int, mood: int = -1) -> str:
        """Note of a contact with a customer."""
        return self._shorthand(("a_note", "a_note_neu", "a_note_pos")[mood + 1], vehicle, topic)

    def lost(self, vehicle: int, topic: int) -> str:
        """Note of a lost prospect, with the reason in the adviser's words."""
        return self._shorthand("a_lost", vehicle, topic)

    def _shorthand(self, rule: str, vehicle: int, topic: int) -> str:
        speaker, target = self.speaker(vehicle, topic), self.law.draw(self.rng)
        parts = self.fill([rule], [speaker], target, set(), 2)
        return self.roughen(self.pick(("；", "。", "，", " ")).join(parts), 0.1)


class Article(NamedTuple):
    """Title and body of an article, and the script it is written in."""

    title: str
    body: str
    script: str


class NewsComposer(Composer):
    """Articles: a templated lead, paragraphs, residue of the web page; some as damaged web copies."""

    def article(self, vehicle: int, topics: Sequence[int], moods: Sequence[int]) -> Article:
        """One article of 300 to 2,000 characters."""
        speakers, target = [self.speaker(vehicle, t) for t in topics], self.law.draw(self.rng)
        used: set[str] = set()
        paragraphs = [self.unsaid("n_lead", speakers[0], used) + "。"]
        length = len(paragraphs[0])
        while length < target:
            place = int(self.rand() * len(speakers))
            rule = _NEWS[moods[place] + 1] if self.rand() < 0.6 else "n_neu"
            room = min(target - length, 160)
            parts = self.fill([rule, rule, "n_neu"], [speakers[place]], room, used, 6)
            paragraphs.append("。".join(parts) + "。")
            length += len(paragraphs[-1])
        paragraphs.append(self.say("n_end", speakers[0]) + "。")
        for _ in range(int(self.rand() * 4)):
            spot = 0 if self.rand() < 0.3 else len(paragraphs)
            paragraphs.insert(spot, self.say("n_residue", speakers[0]))
        body = self.pick(("\n\n", "\n", "\n　　")).join(paragraphs)
        return self._printed(self.say("n_title", speakers[0]), body)

    def _printed(self, title: str, body: str) -> Article:
        roll = self.rand()
        if roll < 0.06:
            title, body = (pinyin_debris(part, self.rand, 0.35) for part in (title, body))
            return Article(title, body, "pinyin_debris")
        if roll < 0.11:
            return Article(traditional(title), traditional(body), "traditional")
        return Article(title, body, "simplified")
