"""What customers write themselves: mails, app feedback, posts, thread replies, reviews, order messages.

Long forum posts and comments come from ``compose``; chats and interviews from ``dialogue``; what others
write about customers from ``reported``. A mood is -1, 0 or 1; a topic as in ``stories``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from sample_oem.voices.compose import LENGTHS, Composer
from sample_oem.voices.grammar import Speaker
from sample_oem.voices.stories import CLAIMS

_BY_MOOD = ("neg", "neu", "pos")


class Claims:
    """Quotes of what the marketing says; mixed into texts of people whom a campaign reached."""

    def __init__(self, composer: Composer) -> None:
        self.composer = composer

    def quote(self, campaign: int, vehicle: int, topic: int, mood: int) -> str:
        """One sentence that quotes the campaign's claim."""
        speaker = self.composer.speaker(vehicle, topic)
        told = Speaker({**speaker.facts, "claim": CLAIMS[campaign % len(CLAIMS)]}, speaker.aspect)
        return self.composer.say("l_claim_pos" if mood > 0 else "l_claim", told)


class Writer(Composer):
    """A composer that knows the topics of one text with their moods."""

    def told(
        self, prefix: str, vehicle: int, topics: Sequence[int], moods: Sequence[int], target: float
    ) -> list[str]:
        """Sentences by the rules ``<prefix>_neg|neu|pos``, each topic in its mood, to the wanted length."""
        used: set[str] = set()
        out: list[str] = []
        length = 0.0
        for turn in range(40):
            place = turn % len(topics)
            speaker = self.speaker(vehicle, topics[place])
            sentence = self.unsaid(f"{prefix}_{_BY_MOOD[moods[place] + 1]}", speaker, used)
            if turn >= len(topics) and length + len(sentence) * 0.5 > target:
                break
            out.append(sentence)
            length += len(sentence) + 1
            if len(out) >= len(topics) and length >= target:
                break
        return out


class AppWriter(Writer):
    """Feedback typed into the owner app: short, to the point, with the software it is about."""

    def feedback(self, vehicle: int, topics: Sequence[int], moods: Sequence[int]) -> str:
        """One piece of feedback."""
        return self.fresh(lambda: self._feedback(vehicle, topics, moods))

    def _feedback(self, vehicle: int, topics: Sequence[int], moods: Sequence[int]) -> str:
        parts = self.told("v", vehicle, topics, moods, self.law.draw(self.rng))
        if self.rand() < 0.06:
            parts.append(self.say("l_polite", self.speaker(vehicle, topics[0])))
        return self.roughen(self.join(parts), 0.1)


class SocialWriter(Writer):
    """Posts with tags, mentions and emoji; captions of videos; comments on what others posted."""

    def own(self, vehicle: int, topics: Sequence[int], moods: Sequence[int]) -> str:
        """One post of one's own."""
        speaker, target = self.speaker(vehicle, topics[0]), self.law.draw(self.rng)
        # Who has little to say adorns it little.
        showy = 1.0 if target > 24 else 0.25
        head = self.say("w_tag", speaker) if self.rand() < 0.42 * showy else ""
        if self.rand() < 0.06 * showy:
            head += self.say("w_caption", speaker) + " "
        # Tags and emoji make no new text: the words themselves must not be somebody else's.
        text = head + self.fresh(
            lambda: self.join(self.told("w", vehicle, topics, moods, target - len(head)))
        )
        for rule, chance in (("w_emoji", 0.38), ("w_emoji", 0.12), ("w_tag", 0.14), ("w_at", 0.12)):
            if self.rand() < chance * showy:
                text += (" " if rule in ("w_tag", "w_at") else "") + self.say(rule, speaker)
        return self.roughen(text, 0.15)

    def forward(self, vehicle: int, topic: int, original: str, name: str) -> str:
        """Pass a post on: a few words of one's own, then the original behind ``//@name:``."""
        words = self.say("w_repost", self.speaker(vehicle, topic))
        return f"{words}//@{name}:{original}"

    def name(self, vehicle: int) -> str:
        """Make up a nickname."""
        return self.say("w_name", self.speaker(vehicle, 0))


class ThreadWriter(Writer):
    """Replies in forum threads; openings of threads are forum posts."""

    replies = LENGTHS["forum_replies"]

    def title(self, vehicle: int, topic: int) -> str:
        """Title of a thread."""
        return self.say("f_title", self.speaker(vehicle, topic))

    def reply(self, vehicle: int, topic: int, mood: int) -> str:
        """One floor below the first."""
        return self.fresh(lambda: self._reply(vehicle, topic, mood))

    def _reply(self, vehicle: int, topic: int, mood: int) -> str:
        parts = self.told("y_reply", vehicle, [topic], [mood], self.replies.draw(self.rng))
        return self.roughen(self.join(parts), 0.15)

    def news_of(self, vehicle: int, topic: int) -> str:
        """What is added when a post is edited later."""
        return self.say("y_edit", self.speaker(vehicle, topic))

    def quoted(self, vehicle: int, topic: int, original: str) -> str:
        """Head of a floor that quotes another."""
        return f"{self.say('y_quote', self.speaker(vehicle, topic))}{original[:40]}\n"


class Review(NamedTuple):
    """The three texts of a review; each may be empty."""

    best: str
    worst: str
    content: str


class ReviewWriter(Writer):
    """Reviews in parts: what is best, what is worst, and the long text with its sections."""

    def review(self, vehicle: int, liked: Sequence[int], disliked: Sequence[int]) -> Review:
        """One review; the long text touches the liked and the disliked topics by turns."""
        for _ in range(4):
            found = self._review(vehicle, liked, disliked)
            if self.is_new("".join(found)):
                break
        return found

    def _review(self, vehicle: int, liked: Sequence[int], disliked: Sequence[int]) -> Review:
        target = self.law.draw(self.rng)
        best = self._part("r_best", vehicle, liked, target * 0.3)
        worst = self._part("r_worst", vehicle, disliked, target * 0.25)
        room = target - len(best) - len(worst)
        if room < 20:
            return Review(best, worst, "")
        topics = [t for pair in zip(liked, disliked, strict=False) for t in pair] or [*liked, *disliked]
        moods = [1 if t in liked else -1 for t in topics]
        if room > 160:
            return Review(best, worst, self._sections(vehicle, topics, moods, room))
        return Review(best, worst, self.roughen(self.post(vehicle, topics, moods, room), 0.15))

    def _part(self, rule: str, vehicle: int, topics: Sequence[int], target: float) -> str:
        if not topics:
            return ""
        parts = self.fill([rule], [self.speaker(vehicle, t) for t in topics], target, set(), 6)
        return self.roughen(self.join(parts), 0.12)

    def _sections(self, vehicle: int, topics: Sequence[int], moods: Sequence[int], room: int) -> str:
        out: list[str] = []
        length, breaks = 0, self.pick(("\n", "\n\n", "", "\\n"))
        marked = self.rand() < 0.7
        while length < room:
            head = self.say("r_section", self.speaker(vehicle, topics[0])) if marked else ""
            out.append(head + self.post(vehicle, topics, moods, min(room - length, 240)))
            length += len(out[-1]) + 1
        return breaks.join(out)


class OrderWriter(Writer):
    """Messages left with orders, changes, cancellations and returns."""

    _RULE: ClassVar[dict[str, str]] = {
        "催单": "o_urge", "改单": "o_change", "退订": "o_cancel", "退货": "o_return",
        "咨询": "o_ask", "评价": "o_review",
    }  # fmt: skip
    _CAR_RULE: ClassVar[dict[str, str]] = {"催单": "o_urge_car", "改单": "o_change_car"}

    def message(
        self, kind: str, told: tuple[int, int, int], goods: tuple[str, str], *, is_car: bool, is_story: bool
    ) -> str:
        """One message of a kind about goods (name, variant), ``told`` as (vehicle, topic, mood).

        With ``is_story`` it tells the topic itself and not the usual matter.
        """
        vehicle, topic, mood = told
        usual = self._CAR_RULE.get(kind, self._RULE[kind]) if is_car else self._RULE[kind]
        rule = f"o_told_{_BY_MOOD[mood + 1]}" if is_story else usual
        speaker = self.speaker(vehicle, topic)
        speaker = Speaker({**speaker.facts, "item": goods[0], "variant": goods[1]}, speaker.aspect)
        return self.fresh(lambda: self._message(rule, speaker))

    def _message(self, rule: str, speaker: Speaker) -> str:
        used: set[str] = set()
        parts = self.fill([rule], [speaker], self.law.draw(self.rng), used, 3)
        if self.rand() < 0.12:
            parts.append(self.unsaid("l_polite", speaker, used))
        return self.roughen(self.join(parts), 0.08)

    def goods(self, vehicle: int) -> tuple[str, str]:
        """(goods, variant) of an order nobody knows the number of."""
        speaker = self.speaker(vehicle, 0)
        return self.say("o_item", speaker), self.say("o_variant", speaker)

    def car(self, vehicle: int) -> tuple[str, str]:
        """(series, model) of an ordered car."""
        facts = self.speaker(vehicle, 0).facts
        return facts["series"], facts["model"]


class Letter(NamedTuple):
    """One mail: subject, the sender's own lines, signature, and quoted history (may be empty)."""

    subject: str
    body: str
    signature: str
    quoted: str


class LetterWriter(Writer):
    """Mails to the customer service: salutation, matter, demand, close, signature, quoted history."""

    def letter(self, vehicle: int, topics: Sequence[int], moods: Sequence[int], name: str) -> Letter:
        """One letter signed with ``name``."""
        speaker, mood = self.speaker(vehicle, topics[0]), moods[0]
        subject = self.say("q_subject_pos" if mood > 0 else "q_subject", speaker)
        lines = [self.say("q_hello", speaker)] if self.rand() < 0.85 else []
        lines.append(self._matter(vehicle, topics, mood))
        if self.rand() < 0.8:
            lines.append(self.say("q_close", speaker))
        signature = name + ("\n" + self.say("q_device", speaker) if self.rand() < 0.35 else "")
        quoted = self._history(speaker) if self.rand() < 0.28 else ""
        return Letter(("回复：" if quoted else "") + subject, "\n".join(lines), signature, quoted)

    def _matter(self, vehicle: int, topics: Sequence[int], mood: int) -> str:
        speakers = [self.speaker(vehicle, t) for t in topics]
        used: set[str] = set()
        rule = ("q_body", "q_body_neu", "q_body_pos")[mood + 1]
        parts = [self.unsaid("q_intro", speakers[0], used)] if self.rand() < 0.7 else []
        # Who only asks writes a few lines.
        target = self.law.draw(self.rng) * (0.4 if mood == 0 else 1.0)
        parts += self.fill([rule], speakers, target, used)
        if mood < 0 or (mood == 0 and self.rand() < 0.3):
            parts.append(self.unsaid("q_demand", speakers[0], used))
        return self.roughen(self.join(parts), 0.12)

    def _history(self, speaker: Speaker) -> str:
        head = self.say("q_quote_head", speaker)
        mark = "> " if "写道" in head or "wrote" in head else ""
        used: set[str] = set()
        lines = [self.unsaid("q_quoted", speaker, used) for _ in range(2 + int(self.rand() * 4))]
        return head + "\n" + "\n".join(mark + line for line in lines)

    def machine(self, vehicle: int, kind: str) -> tuple[str, str]:
        """(subject, body) of an automatic answer or an advert."""
        speaker = self.speaker(vehicle, 0)
        body = self.say("z_mail_bot" if kind == "bot" else "z_mail_advert", speaker)
        subject = "自动回复: 工单通知" if kind == "bot" else body[:18]
        return subject, body
