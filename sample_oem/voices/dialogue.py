"""What is said by turns: chats with the online service, owner groups, long interviews.

Turns are (role, text) with the roles as the source names them. Only the customer's turns are a voice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sample_oem.catalogue import ASPECTS
from sample_oem.voices.compose import Composer
from sample_oem.voices.grammar import Speaker
from sample_oem.voices.surface import fragments

Turn = tuple[str, str]
CUSTOMER, AGENT, BOT, SYSTEM = "客户", "坐席", "机器人", "系统"
ADVISER = "顾问"
INTERVIEWER, GUEST = "访谈员", "受访者"
_THANKS = ("好的谢谢", "行", "嗯", "好", "知道了", "ok", "那算了", "谢谢客服", "👌", "好吧", "辛苦了")


class ChatComposer(Composer):
    """Online service: the customer types in fragments, a bot stands before the agent."""

    def chat(self, vehicle: int, topic: int, mood: int) -> list[Turn]:
        """One session as turns."""
        speaker, target = self.speaker(vehicle, topic), self.law.draw(self.rng)
        used: set[str] = set()
        turns: list[Turn] = [(SYSTEM, self.say("t_system", speaker))] if self.rand() < 0.5 else []
        if self.rand() < 0.45:
            turns.append((BOT, self.say("t_bot", speaker)))
        opening = self.fresh(lambda: self.say(("t_open", "t_ask", "t_praise")[mood + 1], speaker))
        turns += self._typed(opening)
        length = len(opening)
        while True:
            turns.append((AGENT if self.rand() < 0.85 else BOT, self.unsaid("t_agent", speaker, used)))
            if length >= target:
                break
            answer = self.unsaid(self._answer(mood), speaker, used)
            turns += self._typed(answer)
            length += len(answer)
        if self.rand() < 0.5:
            turns.append((CUSTOMER, self.pick(_THANKS)))
        if self.rand() < 0.35:
            turns.append((SYSTEM, self.say("t_system_end", speaker)))
        return turns

    def _answer(self, mood: int) -> str:
        """Rule of what the customer types next: trouble, a question that leads on, or praise."""
        if mood < 0:
            return "t_more" if self.rand() < 0.65 else "t_push"
        if mood > 0:
            return "k_glad"
        return "t_ask" if self.rand() < 0.25 else "k_follow"

    def _typed(self, text: str) -> list[Turn]:
        return [(CUSTOMER, self.roughen(part, 0.06)) for part in fragments(text, self.rand, 2)]


class GroupComposer(Composer):
    """Owner groups: one voice is one message; answers of advisers and bots stand between."""

    def message(self, vehicle: int, topic: int, mood: int) -> str:
        """One message of a customer."""
        return self.fresh(lambda: self._message(vehicle, topic, mood))

    def _message(self, vehicle: int, topic: int, mood: int) -> str:
        speaker, target = self.speaker(vehicle, topic), self.law.draw(self.rng)
        opening = self.say(("g_open", "g_open_neu", "g_open_pos")[mood + 1], speaker)
        if len(opening) >= target or self.rand() < 0.6:
            return self.roughen(opening, 0.08)
        more = self.say("g_more", speaker)
        return self.roughen(opening + self.pick(("，", " ", "。", "\n")) + more, 0.08)

    def aside(self, role: str, vehicle: int, topic: int) -> str:
        """What an adviser or a bot says in the group."""
        return self.say("g_bot" if role == BOT else "g_adviser", self.speaker(vehicle, topic))


class InterviewComposer(Composer):
    """An hour's talk: the interviewer asks, the guest tells at length about several topics."""

    def interview(self, vehicle: int, topics: Sequence[int], moods: Sequence[int]) -> list[Turn]:
        """One interview of some thousand characters as turns."""
        target = self.law.draw(self.rng)
        turns: list[Turn] = [(INTERVIEWER, self.say("i_hello", self.speaker(vehicle, topics[0])))]
        used: set[str] = set()
        length = 0
        for speaker, mood in self._course(vehicle, topics, moods):
            if length >= target:
                break
            rule = ("i_neg", "i_neu", "i_pos")[(mood if self.rand() < 0.75 else 0) + 1]
            room = 60 + self.rand() * 220
            answer = self.join(self.fill([rule], [speaker], room, used, 6))
            question = self.say("i_ask", speaker)
            turns += [(GUEST, answer), (INTERVIEWER, question)]
            length += len(answer) + len(question)
        turns[-1] = (INTERVIEWER, self.say("i_bye", self.speaker(vehicle, topics[0])))
        turns.append((GUEST, self.say("i_thanks", self.speaker(vehicle, topics[0]))))
        return turns

    def _course(
        self, vehicle: int, topics: Sequence[int], moods: Sequence[int]
    ) -> Iterator[tuple[Speaker, int]]:
        """Topic and mood of answer after answer: the matters of the talk first, and again between others.

        Nobody talks an hour about one thing: whatever else the car is comes up by the way.
        """
        for topic, mood in zip(topics, moods, strict=True):
            for _ in range(2):
                yield self.speaker(vehicle, topic), mood
        while True:
            aspect = int(self.rand() * len(ASPECTS))
            yield self.speaker(vehicle, aspect), int(self.rand() * 3) - 1
            if self.rand() < 0.3:
                place = int(self.rand() * len(topics))
                yield self.speaker(vehicle, topics[place]), moods[place]
