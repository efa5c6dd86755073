"""From an event to words: which sentences, in which order, how long, how tidy — by channel.

Lengths are drawn first and filled with sentences, so that each channel has short shouts and long
stories in the right mix. Everything random comes from one ``random.Random`` stream.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp

from sample_oem.catalogue import ASPECTS
from sample_oem.places import CITIES
from sample_oem.voices.grammar import Rand, Speaker
from sample_oem.voices.stock_files import stock
from sample_oem.voices.stories import scopes
from sample_oem.world import MODELS, RIVALS, World


@dataclass(frozen=True)
class LengthLaw:
    """Log-normal text length in characters: median, log standard deviation, bounds."""

    median: float
    sigma: float
    low: int
    high: int

    def draw(self, rng: random.Random) -> int:
        """One target length."""
        return int(min(max(self.median * exp(rng.gauss(0.0, self.sigma)), self.low), self.high))


LENGTHS: dict[str, LengthLaw] = {
    "complaint_site": LengthLaw(84, 1.2, 5, 1000),
    "forum": LengthLaw(75, 1.52, 10, 4000),
    "media_comments": LengthLaw(33, 0.78, 8, 400),
    "call_center": LengthLaw(60, 0.7, 12, 600),
    "survey": LengthLaw(14, 0.8, 2, 200),
    "warranty_claims": LengthLaw(24, 0.3, 8, 120),
    "online_chat": LengthLaw(26, 0.7, 4, 300),
    "customer_mail": LengthLaw(170, 0.6, 20, 1500),
    "owner_app": LengthLaw(33, 0.78, 4, 400),
    "social_media": LengthLaw(29, 0.8, 4, 600),
    "forum_threads": LengthLaw(74, 1.55, 12, 3500),
    "forum_replies": LengthLaw(24, 0.9, 3, 600),
    "news": LengthLaw(760, 0.45, 300, 2000),
    "private_group": LengthLaw(16, 0.8, 2, 160),
    "review_site": LengthLaw(74, 1.54, 12, 3500),
    "interview": LengthLaw(4800, 0.25, 3000, 8000),
    "order_message": LengthLaw(20, 0.7, 3, 200),
    "dealer_note": LengthLaw(38, 0.5, 8, 240),
    "service": LengthLaw(24, 0.3, 8, 120),
}
# Share of short texts for which nobody checks whether somebody said the same before: as many repeats
# as real texts of the kind have.
CARELESS: dict[str, float] = {"media_comments": 0.15, "social_media": 0.08, "owner_app": 0.1}
# The stations of a complaint in telling order, and how eagerly each is taken when there is room.
_STATIONS: tuple[tuple[str, float, int], ...] = (
    ("c_intro", 0.55, 1),
    ("c_occur", 1.0, 2),
    ("c_more", 0.5, 4),
    ("c_visit", 0.75, 4),
    ("c_reply", 0.7, 3),
    ("c_effect", 0.4, 2),
    ("c_feel", 0.4, 3),
    ("c_law", 0.2, 2),
    ("c_rest", 0.2, 3),
    ("c_demand", 0.6, 2),
)
_STOPS = ("。", "。", "。", "，", "，", "，", "！", "；", " ", "、", "。", ",", "!", "...", "！！", "  ")
_TYPOS: tuple[tuple[str, str], ...] = (
    ("的", "地"),
    ("在", "再"),
    ("已经", "以经"),
    ("刹车", "煞车"),
    ("变速箱", "变速相"),
    ("质量", "质良"),
    ("解决", "解绝"),
    ("厂家", "厂加"),
    ("时候", "时侯"),
    ("得", "的"),
    ("轮胎", "伦胎"),
    ("启动", "起动"),
    ("账", "帐"),
    ("联系", "联糸"),
    ("保养", "保样"),
    ("消费者", "消費者"),
    ("4S店", "4s店"),
    ("没有", "木有"),
    ("什么", "啥"),
    ("怎么", "咋"),
    ("这个", "这"),
    ("销售", "消售"),
)
_ASKING = ("吗", "呢", "么", "没", "怎么办", "多久", "多少", "怎么算", "找谁")
_SHORT = 60
# Good enough to tell short texts apart; the measure in ``richness`` also takes out districts.
_BARE = str.maketrans("", "", "0123456789 .,!?，。！？；、")
_NAMES = re.compile(
    "|".join(
        dict.fromkeys(
            [*(m.series for m in MODELS), *(name for _, name in RIVALS), *(city.name for city in CITIES)]
        )
    )
)


class Composer:
    """Writes texts for vehicles of one world; one instance per channel keeps streams independent."""

    def __init__(self, world: World, channel: str, seed: int) -> None:
        self.world = world
        self.rng = random.Random(f"{seed}/{channel}")  # noqa: S311 - reproducible prose, not secrets
        self.rand: Rand = self.rng.random
        self.law = LENGTHS[channel]
        self.careless = CARELESS.get(channel, 0.0)
        self.grammar = stock()
        self.scopes = scopes()
        # Set while somebody speaks who owns another brand's car.
        self.foreign: dict[str, str] | None = None
        self._facts: dict[int, dict[str, str]] = {}
        self._said: set[str] = set()

    def speaker(self, vehicle: int, topic: int) -> Speaker:
        """Collect what a vehicle's owner can mention, and the topic (aspect or story) they speak about."""
        facts = self._facts.get(vehicle)
        if facts is None:
            facts = self._facts[vehicle] = self._vehicle_facts(vehicle)
        return Speaker(facts if self.foreign is None else {**facts, **self.foreign}, self.scopes[topic])

    def _vehicle_facts(self, vehicle: int) -> dict[str, str]:
        cars, dealers = self.world.vehicles, self.world.dealers
        city = CITIES[int(self.world.customers.city[cars.owner[vehicle]])]
        model = MODELS[int(cars.model[vehicle])]
        return {
            "series": model.series,
            "model": model.name,
            "city": city.name,
            "district": city.districts[vehicle % len(city.districts)],
            "dealer": dealers.name[int(cars.dealer[vehicle])],
        }

    def say(self, rule: str, speaker: Speaker) -> str:
        """Expand one rule."""
        return self.grammar.say(rule, self.rand, speaker)

    def unsaid(self, rule: str, speaker: Speaker, used: set[str]) -> str:
        """Return a sentence without a clause of ``used``: nobody says a thing twice in one text."""
        for _ in range(4):
            sentence = self.say(rule, speaker)
            clauses = [c for c in sentence.split("，") if len(c) > 4]
            if used.isdisjoint(clauses):
                break
        used.update(clauses)
        return sentence

    def fill(
        self, rules: Sequence[str], topics: Sequence[Speaker], target: float, used: set[str], most: int = 40
    ) -> list[str]:
        """Sentences of the rules, topic after topic, until the text is about ``target`` characters long."""
        out: list[str] = []
        length = 0
        for turn in range(most):
            speaker = topics[turn % len(topics)]
            sentence = self.unsaid(rules[int(self.rand() * len(rules))], speaker, used)
            if out and length + len(sentence) * 0.5 > target:
                break
            out.append(sentence)
            length += len(sentence) + 1
        return out

    def fresh(self, make: Callable[[], str]) -> str:
        """Return a text whose skeleton was not said before: people seldom hit on the same few words.

        Only short texts can collide; four tries, then the repeat stands.
        """
        text = make()
        if self.careless and self.rand() < self.careless:
            return text
        for _ in range(4):
            if self.is_new(text):
                break
            text = make()
        return text

    def is_new(self, text: str) -> bool:
        """Whether a text is long, or a short one whose skeleton was not asked about before."""
        if len(text) > _SHORT:
            return True
        skeleton = _NAMES.sub("", text).translate(_BARE)
        if skeleton in self._said:
            return False
        self._said.add(skeleton)
        return True

    def pick(self, options: Sequence[str]) -> str:
        """One of several, evenly."""
        return options[int(self.rand() * len(options))]

    def join(self, sentences: Sequence[str]) -> str:
        """Sentences with the loose punctuation of people in a hurry."""
        habit = self.pick(_STOPS)
        out: list[str] = []
        for sentence in sentences:
            out += [sentence, habit if self.rand() < 0.5 else self.pick(_STOPS)]
        if self.rand() < 0.45:
            out.pop()
        return "".join(out).strip()

    def roughen(self, text: str, rate: float) -> str:
        """Now and then a typo, or all full stops gone."""
        if self.rand() < rate:
            wrong = _TYPOS[int(self.rand() * len(_TYPOS))]
            text = text.replace(wrong[0], wrong[1], 1)
        if self.rand() < rate * 0.4:
            text = text.replace("，", " ")
        return text

    # -- complaint site ---------------------------------------------------------------------------
    def complaint(self, vehicle: int, aspect: int) -> str:
        """Return a complaint: a shout, a sentence or a whole story."""
        speaker, target = self.speaker(vehicle, aspect), self.law.draw(self.rng)
        if target < 26:
            return self.roughen(self.say("c_micro", speaker), 0.05)
        chosen = self._stations(speaker, target)
        return self.roughen(self.join(chosen), 0.25)

    def _stations(self, speaker: Speaker, target: int) -> list[str]:
        clauses: set[str] = set()
        told: list[tuple[int, str]] = [(1, self.unsaid("c_occur", speaker, clauses))]
        used = {"c_occur": 1}
        length = len(told[0][1])
        for _ in range(200):
            index = self._next_station()
            name, _eager, most = _STATIONS[index]
            if used.get(name, 0) >= most * (1 + target // 400):
                continue
            sentence = self.unsaid(name, speaker, clauses)
            if length + len(sentence) * 0.6 > target:
                break
            told.append((index, sentence))
            used[name] = used.get(name, 0) + 1
            length += len(sentence) + 1
        told.sort(key=lambda item: item[0])
        return list(dict.fromkeys(sentence for _, sentence in told))

    def _next_station(self) -> int:
        while True:
            index = int(self.rand() * len(_STATIONS))
            if self.rand() < _STATIONS[index][1]:
                return index

    # -- media comments ---------------------------------------------------------------------------
    def comment(self, vehicle: int, aspects: Sequence[int], polarities: Sequence[int]) -> str:
        """Return a short comment touching one or more aspects, each with its own polarity."""
        return self.fresh(lambda: self._comment(vehicle, aspects, polarities))

    def _comment(self, vehicle: int, aspects: Sequence[int], polarities: Sequence[int]) -> str:
        target = self.law.draw(self.rng)
        parts: list[str] = []
        if self.rand() < 0.45:
            parts.append(self.say("m_lead", self.speaker(vehicle, aspects[0])))
        previous, length = polarities[0], 0
        used: set[str] = set()
        for turn in range(12):
            which = turn % len(aspects)
            if turn >= len(aspects) and length >= target * 0.8:
                break
            speaker, polarity = self.speaker(vehicle, aspects[which]), polarities[which]
            if turn:
                parts.append(self.say("m_turn", speaker) if polarity != previous else self.pick(_STOPS))
            parts.append(self.unsaid(self._clause(polarity, turn >= len(aspects)), speaker, used))
            previous, length = polarity, sum(map(len, parts))
        if self.rand() < 0.16:
            parts.append(self.pick(("，", " ", "。", "")) + self.say("m_tail", speaker))
        return self.roughen("".join(parts), 0.12) + ("    " if self.rand() < 0.1 else "")

    def _clause(self, polarity: int, is_extra: bool) -> str:
        """Rule of the next clause; once every aspect had its turn, advice and facts fill up."""
        if is_extra and self.rand() < 0.45:
            return self.pick(("m_advice", "m_fact", "m_ask", "m_fact"))
        return ("m_neg", "m_neu", "m_pos")[polarity + 1]

    # -- forum ------------------------------------------------------------------------------------
    def post(self, vehicle: int, aspects: Sequence[int], polarities: Sequence[int], length: float = 0) -> str:
        """Return a forum post, from a one-line question to an essay; of the channel's length if 0."""
        return self.fresh(lambda: self._post(vehicle, aspects, polarities, length))

    def _post(self, vehicle: int, aspects: Sequence[int], polarities: Sequence[int], wanted: float) -> str:
        target = int(wanted) or self.law.draw(self.rng)
        speaker = self.speaker(vehicle, aspects[0])
        if target < 40:
            return self._short_post(speaker, polarities[0])
        moods = self._more_topics(vehicle, aspects, polarities, target // 130)
        out: list[str] = [self.say("f_title", speaker)] if target > 150 and self.rand() < 0.5 else []
        if self.rand() < 0.4:
            out.append(self.say("f_hello", speaker))
        essay = target > 350 and self.rand() < 0.7
        length, used = sum(map(len, out)), set[str]()
        while length < target:
            text = self._paragraph(moods, min(target - length, 260), used)
            out.append(self._headed(text, moods) if essay else text)
            length += len(out[-1])
        if target > 90 and self.rand() < 0.6:
            out.append(self.say("f_end", speaker))
        return self.roughen(self._layout(out, essay), 0.25).strip()

    def _more_topics(
        self, vehicle: int, aspects: Sequence[int], polarities: Sequence[int], extra: int
    ) -> list[tuple[Speaker, int]]:
        """Speaker and mood per topic; a long post touches more of them."""
        moods = [(self.speaker(vehicle, a), p) for a, p in zip(aspects, polarities, strict=True)]
        for _ in range(min(extra, 20)):
            topic = int(self.rand() * len(ASPECTS))
            moods.append((self.speaker(vehicle, topic), int(self.rand() * 3) - 1))
        return moods

    def _short_post(self, speaker: Speaker, polarity: int) -> str:
        body = self.say(self.pick(("f_price", ("f_neg", "f_neu", "f_pos")[polarity + 1], "f_chose")), speaker)
        ask = self.say("f_ask", speaker)
        hello = self.say("f_hello", speaker) if self.rand() < 0.3 else ""
        return (
            hello
            + body
            + self.pick(("，", "。", " ", "？", "，"))
            + ask
            + self.pick(("", "？", "?", "", "😂"))
        )

    def _paragraph(self, moods: Sequence[tuple[Speaker, int]], room: int, used: set[str]) -> str:
        parts: list[str] = []
        length = 0
        while length < room and len(parts) < 12:
            speaker, polarity = moods[int(self.rand() * len(moods))]
            sentence = self.unsaid(self._post_rule(polarity), speaker, used)
            if parts and length + len(sentence) * 0.5 > room:
                break
            parts.append(sentence)
            length += len(sentence) + 1
        mood = self.say("f_mood", moods[0][0]) if self.rand() < 0.12 else ""
        return self.join(parts) + mood

    def _headed(self, text: str, moods: Sequence[tuple[Speaker, int]]) -> str:
        speaker = moods[int(self.rand() * len(moods))][0]
        return (
            self.say("f_mark", speaker)
            + self.say("f_head", speaker)
            + self.pick(("：", "\n", " ", "】"))
            + text
        )

    def _post_rule(self, polarity: int) -> str:
        roll = self.rand()
        if roll < 0.46:
            return ("f_neg", "f_neu", "f_pos")[polarity + 1]
        for rule, edge in (("f_price", 0.60), ("f_story", 0.74), ("f_chose", 0.86), ("f_neu", 0.94)):
            if roll < edge:
                return rule
        return "f_ask"

    def _layout(self, parts: Sequence[str], essay: bool) -> str:
        breaks = ("\n", "\\n", "\n\n", "  ") if essay else ("", " ", "\n", "\\n", "。")
        return self.pick(breaks).join(parts)

    # -- hotline ----------------------------------------------------------------------------------
    def call(self, vehicle: int, aspect: int, polarity: int) -> list[tuple[str, str]]:
        """Return a dialogue as (speaker, text) turns; the customer opens with the matter."""
        speaker, target = self.speaker(vehicle, aspect), self.law.draw(self.rng)
        opening = self.say(("k_open", "k_ask", "k_praise")[polarity + 1], speaker)
        turns = [("agent", self.say("a_hello", speaker)), ("customer", self._spoken(opening, speaker))]
        length, used = len(opening), set[str]()
        while length < target:
            agent, customer = self._moves(polarity)
            turns.append(("agent", self.unsaid(agent, speaker, used)))
            answer = self._spoken(self.unsaid(customer, speaker, used), speaker)
            turns.append(("customer", answer))
            length += len(answer)
        turns.append(("agent", self.say(("a_sorry", "a_answer", "a_thanks")[polarity + 1], speaker)))
        if self.rand() < 0.5:
            turns += [("customer", self.pick(("好的谢谢", "行", "嗯", "好，再见", "那就这样吧", "知道了")))]
        turns.append(("agent", self.say("a_bye", speaker)))
        return turns

    def _moves(self, polarity: int) -> tuple[str, str]:
        """Rules of what the agent says and the customer answers: to trouble, to a question, to praise."""
        if polarity < 0:
            agent = "a_ask" if self.rand() < 0.6 else "a_sorry"
            return agent, "k_detail" if self.rand() < 0.65 else "k_push"
        if polarity > 0:
            return "a_thanks", "k_glad"
        return "a_answer", "k_ask" if self.rand() < 0.25 else "k_follow"

    def _spoken(self, text: str, speaker: Speaker) -> str:
        if self.rand() < 0.3:
            text = self.say("k_fill", speaker) + self.pick(("，", "", " ")) + text
        if self.rand() >= 0.6:
            return text
        return text + ("？" if text.endswith(_ASKING) else self.pick(("。", "。", "！")))

    # -- survey and workshop ----------------------------------------------------------------------
    def survey_comment(self, vehicle: int, aspect: int, polarity: int) -> str:
        """Return a fragment left with a score."""
        speaker, target = self.speaker(vehicle, aspect), self.law.draw(self.rng)
        rule = ("s_neg", "s_neu", "s_pos")[polarity + 1]
        used: set[str] = set()
        text = self.unsaid(rule, speaker, used)
        while len(text) < target * 0.7:
            text += self.pick(("，", "。", " ", "；")) + self.unsaid(rule, speaker, used)
        return self.roughen(text, 0.06)

    def note(self, vehicle: int, aspect: int) -> str:
        """Return a workshop note."""
        return self.say("w_note", self.speaker(vehicle, aspect))

    def with_personal(self, text: str, kind: str, value: str) -> str:
        """Append (or put in front) a sentence that carries a personal identifier."""
        speaker = Speaker({"value": value}, self.scopes[0])
        sentence = self.say("p_" + kind, speaker)
        glue = self.pick(("，", "。", " ", "；"))
        return f"{text}{glue}{sentence}" if self.rand() < 0.8 else f"{sentence}{glue}{text}"
