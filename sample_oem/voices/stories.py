"""Stories with words of their own: a planted truth is told in its own way, not in its aspect's.

The words stand in ``stock/90_stories.txt`` as scopes ``story_<name>``; what happens when is planted in
``scenarios``. A topic is an aspect index, or beyond those a story.
"""

from __future__ import annotations

from functools import cache

from sample_oem.catalogue import ASPECTS
from sample_oem.scenarios import STORY
from sample_oem.voices.grammar import Scope
from sample_oem.voices.stock_files import stock

# In the order of the planted stories: an index of ``Voices.story`` is a place in this list.
STORY_NAMES: tuple[str, ...] = tuple(STORY)
# What the marketing says, by campaign index.
CLAIMS: tuple[str, ...] = ("极致静音", "春日焕新价", "敢比才敢卖")


def story_name(story: int) -> str:
    """Name of a story index, empty for -1."""
    return STORY_NAMES[story] if story >= 0 else ""


@cache
def scopes() -> tuple[Scope, ...]:
    """Words per topic: the aspects in order, then the stories (without own words: those of no topic)."""
    aspects = stock().aspects
    return (
        *(aspects[a.code] for a in ASPECTS),
        *(aspects.get(f"story_{name}", {}) for name in STORY_NAMES),
    )


def topic_of(aspect: int, story: int) -> int:
    """Return the topic of a voice: its story if that has words of its own, else its aspect."""
    if story < 0 or not scopes()[len(ASPECTS) + story]:
        return aspect
    return len(ASPECTS) + story
