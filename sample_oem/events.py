"""What is voiced where: troubles speak first, then stories, then the talk no trouble caused.

Everything is arrays aligned by index. Days are integers: 0 is the first event day that is delivered,
negative days lie before the window (their echoes may reach into it). Troubles and satisfaction come from
``lifecycle``, survey questions from ``business.surveys``; words are made in ``voices``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sample_oem import catalogue
from sample_oem.business.consent import ROLES, leaves
from sample_oem.business.surveys import Invitations, invite
from sample_oem.scenarios import STORY
from sample_oem.stories import Tale, tales
from sample_oem.streams import Streams, pick_by_row, places
from sample_oem.subjects import about_leads, about_orders
from sample_oem.world import World

if TYPE_CHECKING:
    from sample_oem.business import Business

__all__ = ["CHANNEL_SHARE", "Happenings", "Invitations", "Problems", "Voices", "happen"]

# Share of the voices of a day per channel; the sum is 1.
CHANNEL_SHARE: dict[str, float] = {
    "complaint_site": 0.0975,
    "forum": 0.1075,
    "media_comments": 0.1865,
    "call_center": 0.149,
    "survey": 0.103,
    "social_media": 0.0935,
    "online_chat": 0.056,
    "dealer_note": 0.05,
    "owner_app": 0.0465,
    "forum_threads": 0.0325,
    "customer_mail": 0.03,
    "private_group": 0.0185,
    "review_site": 0.0095,
    "order_message": 0.0095,
    "news": 0.008,
    "interview": 0.0025,
}
# Chance that a trouble is voiced in a channel, and the mean delay in days until it is.
_REACTION: dict[str, tuple[float, float]] = {
    "complaint_site": (0.10, 3.0),
    "forum": (0.06, 2.0),
    "media_comments": (0.05, 2.0),
    "call_center": (0.30, 0.8),
    "social_media": (0.08, 1.0),
    "online_chat": (0.12, 0.8),
    "owner_app": (0.10, 0.6),
    "forum_threads": (0.05, 2.0),
    "private_group": (0.04, 1.0),
    "dealer_note": (0.12, 3.0),
    "customer_mail": (0.06, 4.0),
}
# Share of further voices that speak of somebody's recent trouble once more.
_ECHO: dict[str, float] = {
    "complaint_site": 1.0,
    "forum": 0.2,
    "media_comments": 0.2,
    "call_center": 0.25,
    "social_media": 0.2,
    "online_chat": 0.3,
    "owner_app": 0.3,
    "forum_threads": 0.3,
    "private_group": 0.25,
    "dealer_note": 0.35,
    "review_site": 0.2,
    "customer_mail": 0.5,
    "interview": 0.5,
}
_MOOD: dict[str, list[float]] = {
    "call_center": [0.10, 0.82, 0.08],
    "online_chat": [0.12, 0.80, 0.08],
    "customer_mail": [0.30, 0.60, 0.10],
    "order_message": [0.40, 0.55, 0.05],
    "dealer_note": [0.25, 0.55, 0.20],
    "news": [0.20, 0.50, 0.30],
    "forum": [0.18, 0.34, 0.48],
}
# Share of further voices by people who own none of our cars (or write under a name we cannot know).
_STRANGERS: dict[str, float] = {
    "news": 1.0,
    "social_media": 0.5,
    "media_comments": 0.5,
    "forum_threads": 0.2,
    "forum": 0.2,
    "dealer_note": 0.6,
    "call_center": 0.06,
    "online_chat": 0.12,
}
_REPOSTS = {"social_media": 0.12, "news": 0.15, "private_group": 0.03}
# Where dealers' advisers praise themselves, relative to the planted share of a channel's voices.
_POSED = {"call_center": 0.5, "online_chat": 1.0, "private_group": 1.5, "review_site": 4.0}
_ADVISER_ROLES = 4  # the first roles of ``consent.ROLES``
_MEMORY_DAYS = 120
_BURN_IN_DAYS = 30


@dataclass(frozen=True)
class Problems:
    """One row per trouble of all years in day order; indices are stable keys of ``Voices.problem``.

    ``owner`` had the car then (-1: out of sight); ``in_cluster`` marks the planted safety cluster;
    ``story`` indexes ``scenarios.STORIES``; ``is_case`` and ``is_resolved`` tell of its complaint case.
    """

    day: np.ndarray
    vehicle: np.ndarray
    aspect: np.ndarray
    severity: np.ndarray
    in_cluster: np.ndarray
    story: np.ndarray
    key: np.ndarray
    owner: np.ndarray
    is_case: np.ndarray
    is_resolved: np.ndarray

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True)
class Voices:
    """One row per voice of one channel, in day order; -1 is none throughout.

    ``problem`` is a row of ``Problems``; ``second`` of the Shanghai day; ``story`` and ``campaign`` index
    ``scenarios.STORIES`` and ``CAMPAIGNS``; ``repost_of`` is an earlier row of the same channel;
    ``speaker`` the owner who speaks (-1: a stranger or a rival's owner); ``staff`` the number of the
    dealer's adviser who writes in the name of the car's owner.
    """

    day: np.ndarray
    vehicle: np.ndarray
    aspect: np.ndarray
    polarity: np.ndarray
    severity: np.ndarray
    problem: np.ndarray
    second: np.ndarray = None  # type: ignore[assignment]
    story: np.ndarray = None  # type: ignore[assignment]
    campaign: np.ndarray = None  # type: ignore[assignment]
    repost_of: np.ndarray = None  # type: ignore[assignment]
    speaker: np.ndarray = None  # type: ignore[assignment]
    staff: np.ndarray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        for name in ("second", "story", "campaign", "repost_of", "speaker", "staff"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.full(len(self.day), -1))

    def __len__(self) -> int:
        return len(self.day)

    def take(self, rows: np.ndarray) -> Voices:
        """Return some rows in the order given (``repost_of`` is kept as it stands)."""
        return Voices(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Happenings:
    """All that was voiced and asked in the window, and what the business systems recorded of it.

    ``links`` gives per voice the business number it is about, where there is one: the order of an
    ``order_message``, the lead of a ``dealer_note``; an array of texts aligned with the channel's voices.
    """

    problems: Problems
    voices: dict[str, Voices]
    invitations: Invitations
    business: Business
    links: dict[str, np.ndarray]


@dataclass(frozen=True)
class _Scene:
    """What the drawing functions share."""

    streams: Streams
    world: World
    volumes: np.ndarray
    sold: np.ndarray
    first_day: int
    problems: Problems
    quiet: np.ndarray


def happen(
    rng: np.random.Generator | Streams, world: World, volumes: np.ndarray, first_day: np.datetime64
) -> Happenings:
    """Let ``volumes[d]`` voices (about) happen on event day ``d``, counted from ``first_day``."""
    from sample_oem.business import record  # the records look back at the voices

    streams = Streams.of(rng)
    start = int(first_day.astype("datetime64[D]").astype(int))
    problems = problems_of(world, start)
    sold = world.vehicles.sold.astype(int) - start
    quiet = world.customers.is_silent[world.vehicles.owner]
    scene = _Scene(streams, world, volumes, sold, start, problems, quiet)
    stories = tales(streams, world, {c: volumes * s for c, s in CHANNEL_SHARE.items()}, start)
    voices = {
        name: _channel(scene, name, stories.get(name, [])) for name in CHANNEL_SHARE if name != "survey"
    }
    invitations = invite(streams, world, volumes * CHANNEL_SHARE["survey"], start, problems)
    business = record(streams, world, problems, voices, start, len(volumes))
    links: dict[str, np.ndarray] = {}
    voices["order_message"], links["order_message"] = about_orders(
        streams, world, voices["order_message"], business, start
    )
    voices["dealer_note"], links["dealer_note"] = about_leads(streams, world, voices["dealer_note"], business)
    return Happenings(problems, voices, invitations, business, links)


def problems_of(world: World, start: int) -> Problems:
    """Troubles of all years, their days counted from ``start``."""
    troubles = world.life.troubles
    return Problems(
        troubles.day - start,
        troubles.car,
        troubles.aspect,
        troubles.severity,
        troubles.story == STORY["safety_cluster"],
        troubles.story,
        troubles.key,
        troubles.owner,
        troubles.is_case,
        troubles.is_resolved,
    )


def _channel(scene: _Scene, name: str, stories: list[Tale]) -> Voices:
    """All voices of one channel: of troubles, of stories, then filled up to what is expected of each day."""
    days = len(scene.volumes)
    expected = scene.streams.generator(f"volume/{name}").poisson(scene.volumes * CHANNEL_SHARE[name])
    parts = [_of_problems(scene, name, expected), *(_told(scene, name, tale) for tale in stories)]
    if name in _POSED:
        parts.append(_posed(scene, name))
    found = sum(np.bincount(p.day, minlength=days) for p in parts)
    missing = np.maximum(expected - found, 0)
    parts.append(_fill(scene, name, missing))
    voices = _joined(parts)
    return _with_reposts(scene, name, voices) if name in _REPOSTS else voices


def _joined(parts: list[Voices]) -> Voices:
    merged = [np.concatenate([getattr(p, f) for p in parts]) for f in Voices.__dataclass_fields__]
    order = np.argsort(merged[0] * 100_000 + merged[6], kind="stable")
    return Voices(*(column[order] for column in merged))


def _of_problems(scene: _Scene, name: str, expected: np.ndarray) -> Voices:
    """Let troubles of the last weeks speak; when far more would speak than are expected, only some do."""
    if name not in _REACTION:
        return _of_rows(scene, name, np.zeros(0, dtype=int), np.zeros(0, dtype=int))
    problems, streams, days = scene.problems, scene.streams, len(scene.volumes)
    first, last = np.searchsorted(problems.day, [-_BURN_IN_DAYS, days])
    rows = np.arange(first, last)
    chance, delay = _REACTION[name]
    key, story = problems.key[rows], problems.story[rows]
    told = story >= 0
    weight = chance * np.array([0.0, 0.7, 1.0, 1.6])[problems.severity[rows]] * np.where(told, 2.2, 1.0)
    weight = np.where(problems.in_cluster[rows], np.maximum(weight, 0.5), weight)
    planned = len(rows) * chance * days / (days + _BURN_IN_DAYS)
    fit = min(1.0, 0.6 * expected.sum() / max(planned, 1e-9))
    weight = np.where(told, np.minimum(weight, 0.9), weight * fit)
    speaks = streams.chance(f"speaks/{name}", key) < weight
    speaks &= (problems.owner[rows] >= 0) & ~scene.quiet[problems.vehicle[rows]]
    wait = -np.log(streams.chance(f"wait/{name}", key)) * np.where(story == STORY["bad_lot"], 0.4, delay)
    late = (name == "call_center") & (story == STORY["x11"])
    day = problems.day[rows] + wait.astype(int) + np.where(late, scene.world.planted.surge_lead_days, 0)
    inside = speaks & (day >= 0) & (day < days)
    return _of_rows(scene, name, rows[inside], day[inside])


def _of_rows(scene: _Scene, name: str, rows: np.ndarray, day: np.ndarray) -> Voices:
    problems = scene.problems
    n = np.full(len(rows), -1)
    return Voices(
        day,
        problems.vehicle[rows],
        problems.aspect[rows],
        n,
        problems.severity[rows],
        rows,
        _second(scene, name, problems.key[rows], day),
        problems.story[rows],
        n,
        n,
        problems.owner[rows],
    )


def _second(scene: _Scene, name: str, key: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Second of the day: most people speak in the afternoon and evening."""
    normal = scene.streams.normal(f"second/{name}", key, day)
    peak = 14.5 if name in ("call_center", "dealer_note", "interview") else 17.0
    return np.clip((peak + 3.4 * normal) * 3600, 6 * 3600 + 30, 24 * 3600 - 1200).astype(int)


def _told(scene: _Scene, name: str, tale: Tale) -> Voices:
    """Give the voices of a story that no single trouble caused."""
    n = len(tale.day)
    vehicle = _in_use(scene, tale.day, scene.streams.chance(f"tale/{name}/{tale.story}", np.arange(n)))
    if len(tale.cars):
        vehicle = tale.cars[
            scene.streams.below(f"tale/car/{name}/{tale.story}", len(tale.cars), np.arange(n))
        ]
    speaker = np.where(tale.is_stranger, -1, _holder(scene, vehicle, tale.day))
    return Voices(
        tale.day,
        vehicle,
        tale.aspect,
        tale.polarity,
        np.ones(n, dtype=int),
        np.full(n, -1),
        _second(scene, f"{name}/{tale.story}", np.arange(n), tale.day),
        np.full(n, tale.story),
        np.full(n, tale.campaign),
        np.full(n, -1),
        speaker,
    )


def _posed(scene: _Scene, name: str) -> Voices:
    """Praise that a dealer's advisers write, each of them in the names of several of its customers."""
    streams, cars = scene.streams, scene.world.vehicles
    share = _POSED[name] * scene.world.planted.posing
    counts = streams.generator(f"posed/{name}").poisson(scene.volumes * CHANNEL_SHARE[name] * share)
    day = np.repeat(np.arange(len(counts)), counts)
    posers = _posers(scene)
    n = np.arange(len(day))
    staff = posers[streams.below(f"posed/staff/{name}", len(posers), n)]
    # Cars still with their first owner: it is clear in whose name the praise is given.
    kept = (cars.handed.astype(int) > scene.first_day + len(scene.volumes)) & (scene.sold < 0)
    vehicle = np.full(len(day), -1)
    for number in np.unique(staff):
        own = np.flatnonzero(kept & (cars.dealer == number // 100))
        rows = np.flatnonzero(staff == number)
        if len(own):
            vehicle[rows] = own[streams.below(f"posed/car/{name}", len(own), rows)]
    rows = np.flatnonzero(vehicle >= 0)
    praised = np.array([catalogue.INDEX[code] for code in ("AFT-ATT", "AFT-REP", "SAL-STF", "SAL-DLV")])
    found = Voices(
        day=day[rows],
        vehicle=vehicle[rows],
        aspect=praised[streams.below(f"posed/aspect/{name}", len(praised), rows)],
        polarity=np.ones(len(rows), dtype=int),
        severity=np.ones(len(rows), dtype=int),
        problem=np.full(len(rows), -1),
        second=_second(scene, f"posed/{name}", rows, day[rows]),
    )
    return replace(found, staff=staff[rows])


def _posers(scene: _Scene) -> np.ndarray:
    """Numbers of the advisers who pose as customers: one of every 25 dealers, of at least two."""
    dealer = np.arange(len(scene.world.dealers.code))
    role = scene.streams.below("poser/role", _ADVISER_ROLES, dealer)
    draw = scene.streams.chance("poser", dealer) + leaves(scene.streams, dealer * len(ROLES) + role)
    chosen = np.argsort(draw, kind="stable")[: max(2, len(dealer) // 25)]
    return np.sort(dealer[chosen] * 100 + role[chosen])


def _holder(scene: _Scene, vehicle: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Owner on a day; -1 for the silent, for those who left, and for cars out of sight."""
    owner = scene.world.life.cars.holder(vehicle, day + scene.first_day)
    people = scene.world.customers
    gone = scene.world.life.left[np.maximum(owner, 0)] <= day + scene.first_day
    return np.where((owner < 0) | people.is_silent[np.maximum(owner, 0)] | gone, -1, owner)


def _in_use(scene: _Scene, day: np.ndarray, draw: np.ndarray) -> np.ndarray:
    """Return a vehicle for each day, among those sold before it to people who speak."""
    silent = scene.world.customers.is_silent[scene.world.vehicles.buyer]
    return scene.world.car_in_use(day + scene.first_day, draw, silent)


def _fill(scene: _Scene, name: str, missing: np.ndarray) -> Voices:
    """Fill up with echoes of recent troubles and with talk: praise, questions, comparisons, enquiries."""
    streams = scene.streams
    day = np.repeat(np.arange(len(missing)), missing)
    place = places(missing)
    echo = streams.chance(f"echo/{name}", day, place) < _ECHO.get(name, 0.0)
    row = _recent(scene, name, day, place)
    echo &= row >= 0
    again = _of_rows(scene, name, row[echo], day[echo])
    day, place = day[~echo], place[~echo]
    vehicle = _in_use(scene, day, streams.chance(f"talk/{name}", day, place))
    aspect = pick_by_row(
        catalogue.talk_weights(),
        scene.world.vehicles.model[vehicle],
        streams.chance(f"topic/{name}", day, place),
    )
    mood = _MOOD.get(name, [0.20, 0.34, 0.46])
    polarity = streams.pick(f"mood/{name}", mood, day, place) - 1
    stranger = streams.chance(f"stranger/{name}", day, place) < _STRANGERS.get(name, 0.0)
    n = np.full(len(day), -1)
    talk = Voices(
        day,
        vehicle,
        aspect,
        polarity,
        np.ones(len(day), dtype=int),
        n,
        _second(scene, f"talk/{name}", place, day),
        n,
        n,
        n,
        np.where(stranger, -1, _holder(scene, vehicle, day)),
    )
    return _joined([again, talk])


def _recent(scene: _Scene, name: str, day: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return a common trouble of the last months per row (-1: there is none).

    A moment is drawn and the last trouble before it taken, so that a further trouble (of a car a null
    twin did not sell) moves the few draws that meet it and no others.
    """
    problems = scene.problems
    usable = np.flatnonzero((problems.story < 0) & (problems.owner >= 0) & ~scene.quiet[problems.vehicle])
    if not len(usable):
        return np.full(len(day), -1)
    moment = problems.day[usable] + scene.streams.chance("recent/moment", problems.key[usable])
    order = np.argsort(moment, kind="stable")
    memory = _MEMORY_DAYS if name == "complaint_site" else _BURN_IN_DAYS
    since = day - memory
    drawn = since + scene.streams.chance(f"recent/{name}", day, place) * (memory + 1)
    found = np.searchsorted(moment[order], drawn, side="right") - 1
    row = usable[order[np.maximum(found, 0)]]
    return np.where((found >= 0) & (problems.day[row] >= since), row, -1)


def _with_reposts(scene: _Scene, name: str, voices: Voices) -> Voices:
    """Make some voices repeat an earlier one of the last days; a repeat of a repeat repeats the first."""
    n = len(voices)
    number = np.arange(n)
    share = np.where(voices.story == STORY["viral_burst"], 0.6, _REPOSTS[name])
    wanted = scene.streams.chance(f"repost/{name}", number) < share
    reach = number - np.searchsorted(voices.day, voices.day - 3)
    back = 1 + (scene.streams.chance(f"repost/back/{name}", number) * np.maximum(reach, 1)).astype(int)
    target = np.where(wanted & (reach > 0), number - back, -1)
    # Who poses as a customer writes a text of their own, which nobody passes on.
    target = np.where((voices.staff >= 0) | (voices.staff[np.maximum(target, 0)] >= 0), -1, target)
    viral = np.flatnonzero(voices.story == STORY["viral_burst"])
    if len(viral):
        inside = viral[1:][target[viral[1:]] >= 0]
        target[inside] = viral[0]
        target[viral[0]] = -1
    for _ in range(8):  # chains are short: each step halves what is left
        onward = np.where(target >= 0, target[np.maximum(target, 0)], -1)
        target = np.where(onward >= 0, onward, target)
    is_copy = target >= 0
    source = np.where(is_copy, target, number)
    speaker = np.where(is_copy, -1, voices.speaker)
    copied = {
        f: getattr(voices, f)[source]
        for f in ("vehicle", "aspect", "polarity", "severity", "problem", "story", "campaign")
    }
    return Voices(
        day=voices.day,
        second=voices.second,
        repost_of=np.where(is_copy, target, -1),
        staff=np.where(is_copy, -1, voices.staff),
        speaker=speaker,
        **copied,
    )
