"""What happens: problems first, then the calls, posts, claims and survey answers they cause.

Everything is arrays aligned by index. Days are integers: 0 is the first event day that is delivered,
negative days lie before the window (their echoes may reach into it). Words are made in ``voices``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_oem import catalogue
from sample_oem.catalogue import ASPECTS, INDEX
from sample_oem.world import MODELS, World

CHANNEL_SHARE: dict[str, float] = {
    "complaint_site": 0.14,
    "forum": 0.14,
    "media_comments": 0.34,
    "call_center": 0.22,
    "survey": 0.16,
}
# Chance that a problem is voiced in a channel, and the mean delay in days until it is.
_REACTION: dict[str, tuple[float, float]] = {
    "complaint_site": (0.30, 3.0),
    "forum": (0.12, 2.0),
    "media_comments": (0.10, 2.0),
    "call_center": (0.34, 0.8),
}
_PROBLEMS_PER_VOICE = 0.34
_RESPONSE_RATE = 0.34
_BURN_IN_DAYS = 12
_CLUSTER_DAYS = 21
_MEMORY_DAYS = 45


@dataclass(frozen=True)
class Problems:
    """One row per problem: day, vehicle, aspect (indices), severity 1..3, whether of the planted cluster."""

    day: np.ndarray
    vehicle: np.ndarray
    aspect: np.ndarray
    severity: np.ndarray
    in_cluster: np.ndarray

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True)
class Voices:
    """One row per voice of one channel, in day order; ``problem`` is -1 where none lies behind it."""

    day: np.ndarray
    vehicle: np.ndarray
    aspect: np.ndarray
    polarity: np.ndarray
    severity: np.ndarray
    problem: np.ndarray

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True)
class Invitations:
    """Survey invitations: day, vehicle, touchpoint index, answered or not, latent satisfaction (0..10)."""

    day: np.ndarray
    vehicle: np.ndarray
    touchpoint: np.ndarray
    answered: np.ndarray
    latent: np.ndarray
    aspect: np.ndarray
    has_problem: np.ndarray

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True)
class Claims:
    """Warranty claims: day of failure, vehicle, aspect, severity, days until submission."""

    day: np.ndarray
    vehicle: np.ndarray
    aspect: np.ndarray
    severity: np.ndarray
    submitted_after: np.ndarray

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True)
class Happenings:
    """All that happened in the window."""

    problems: Problems
    voices: dict[str, Voices]
    invitations: Invitations
    claims: Claims


@dataclass(frozen=True)
class _Scene:
    """What the drawing functions share: randomness, world, wanted volumes, day of sale per vehicle."""

    rng: np.random.Generator
    world: World
    volumes: np.ndarray
    sold: np.ndarray


def happen(
    rng: np.random.Generator, world: World, volumes: np.ndarray, first_day: np.datetime64
) -> Happenings:
    """Let ``volumes[d]`` voices (about) happen on event day ``d``, counted from ``first_day``."""
    sold = (world.vehicles.sold - first_day).astype(int)
    problems = _problems(rng, world, volumes, sold)
    scene = _Scene(rng, world, volumes, sold)
    older = {name: _voices_of(rng, name, problems, len(volumes)) for name in _REACTION}
    complaints, problems = _late_complaints(scene, older["complaint_site"], problems)
    voices = {"complaint_site": complaints}
    for name in ("forum", "media_comments", "call_center"):
        voices[name] = _with_talk(scene, name, older[name])
    invitations = _invitations(rng, world, volumes, sold, problems)
    return Happenings(problems, voices, invitations, _claims(rng, problems, sold))


def _problems(rng: np.random.Generator, world: World, volumes: np.ndarray, sold: np.ndarray) -> Problems:
    per_day = np.concatenate([np.full(_BURN_IN_DAYS, volumes[0]), volumes]) * _PROBLEMS_PER_VOICE
    counts = rng.poisson(per_day)
    day = np.repeat(np.arange(-_BURN_IN_DAYS, len(volumes)), counts)
    return _concat(_problems_on(rng, world, day, sold), _safety_cluster(rng, world, len(volumes)))


def _problems_on(rng: np.random.Generator, world: World, day: np.ndarray, sold: np.ndarray) -> Problems:
    vehicle = _vehicles_in_use(rng, sold, day)
    aspect = _pick_by_model(rng, catalogue.problem_weights(), world.vehicles.model[vehicle])
    severity = rng.choice([1, 2, 3], len(day), p=[0.4, 0.4, 0.2])
    return Problems(day, vehicle, aspect, severity, np.zeros(len(day), dtype=bool))


def _safety_cluster(rng: np.random.Generator, world: World, days: int) -> Problems:
    """Return a dozen brake failures on one model built in one month, thickening towards the end."""
    code = next(i for i, m in enumerate(MODELS) if m.code == catalogue.SAFETY_CLUSTER_MODEL)
    candidates = np.flatnonzero(world.vehicles.model == code)
    if len(candidates) == 0:
        return _no_problems()
    months = world.vehicles.built[candidates].astype("datetime64[M]")
    values, counts = np.unique(months, return_counts=True)
    lot = candidates[months == values[np.argmax(counts)]]
    n = int(np.clip(days // 3, 3, 18))
    reach = min(_CLUSTER_DAYS, days)
    day = np.sort(days - 1 - (rng.random(n) ** 1.6 * reach).astype(int))
    vehicle = rng.choice(lot, n)
    aspect = np.full(n, INDEX[catalogue.SAFETY_CLUSTER_ASPECT])
    return Problems(day, vehicle, aspect, np.full(n, 3), np.ones(n, dtype=bool))


def _no_problems() -> Problems:
    empty = np.zeros(0, dtype=int)
    return Problems(empty, empty, empty, empty, np.zeros(0, dtype=bool))


def _concat(a: Problems, b: Problems) -> Problems:
    return Problems(*(np.concatenate([getattr(a, f), getattr(b, f)]) for f in Problems.__dataclass_fields__))


def _vehicles_in_use(rng: np.random.Generator, sold: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Return a vehicle for each day, among those sold before it."""
    order = np.argsort(sold, kind="stable")
    available = np.searchsorted(sold[order], day, side="left")
    return order[(rng.random(len(day)) * np.maximum(available, 1)).astype(int)]


def _pick_by_model(rng: np.random.Generator, weights: np.ndarray, model: np.ndarray) -> np.ndarray:
    cumulative = weights.cumsum(axis=1)
    draws = rng.random(len(model))
    picked = np.empty(len(model), dtype=int)
    for m in range(len(weights)):
        rows = model == m
        picked[rows] = np.searchsorted(cumulative[m], draws[rows])
    return np.minimum(picked, weights.shape[1] - 1)


def _voices_of(rng: np.random.Generator, channel: str, problems: Problems, days: int) -> Voices:
    chance, delay = _REACTION[channel]
    weight = chance * np.array([0.0, 0.7, 1.0, 1.6])[problems.severity]
    speaks = (rng.random(len(problems)) < weight) | (problems.in_cluster & (rng.random(len(problems)) < 0.6))
    source = np.flatnonzero(speaks)
    day = problems.day[source] + rng.exponential(delay, len(source)).astype(int)
    inside = (day >= 0) & (day < days)
    return _from_problems(problems, source[inside], day[inside])


def _from_problems(problems: Problems, source: np.ndarray, day: np.ndarray) -> Voices:
    order = np.argsort(day, kind="stable")
    source, day = source[order], day[order]
    negative = np.full(len(source), -1)
    return Voices(
        day, problems.vehicle[source], problems.aspect[source], negative, problems.severity[source], source
    )


def _late_complaints(scene: _Scene, found: Voices, problems: Problems) -> tuple[Voices, Problems]:
    """Fill complaints up to their share with problems that happened weeks or months before."""
    rng, world, volumes, sold = scene.rng, scene.world, scene.volumes, scene.sold
    days = len(volumes)
    missing = _shortfall(rng, "complaint_site", volumes, found)
    day = np.repeat(np.arange(days), missing)
    old = _problems_on(rng, world, day - rng.integers(_BURN_IN_DAYS + 1, 120, len(day)), sold)
    merged = _concat(problems, old)
    source = np.concatenate([found.problem, len(problems) + np.arange(len(day))])
    return _from_problems(merged, source, np.concatenate([found.day, day])), merged


def _shortfall(rng: np.random.Generator, channel: str, volumes: np.ndarray, found: Voices) -> np.ndarray:
    expected = rng.poisson(volumes * CHANNEL_SHARE[channel])
    return np.maximum(expected - np.bincount(found.day, minlength=len(volumes)), 0)


def _with_talk(scene: _Scene, channel: str, found: Voices) -> Voices:
    """Add the voices no problem caused: praise, questions, comparisons, enquiries."""
    rng, world, volumes, sold = scene.rng, scene.world, scene.volumes, scene.sold
    day = np.repeat(np.arange(len(volumes)), _shortfall(rng, channel, volumes, found))
    n = len(day)
    vehicle = _vehicles_in_use(rng, sold, day)
    aspect = _pick_by_model(rng, catalogue.talk_weights(), world.vehicles.model[vehicle])
    mood = {"call_center": [0.10, 0.82, 0.08], "forum": [0.18, 0.34, 0.48]}.get(channel, [0.20, 0.34, 0.46])
    polarity = rng.choice([-1, 0, 1], n, p=mood)
    talk = Voices(day, vehicle, aspect, polarity, np.ones(n, dtype=int), np.full(n, -1))
    merged = [np.concatenate([getattr(found, f), getattr(talk, f)]) for f in Voices.__dataclass_fields__]
    order = np.argsort(merged[0], kind="stable")
    return Voices(*(column[order] for column in merged))


def _invitations(
    rng: np.random.Generator, world: World, volumes: np.ndarray, sold: np.ndarray, problems: Problems
) -> Invitations:
    counts = rng.poisson(volumes * CHANNEL_SHARE["survey"] / 0.31)  # 0.31: the rate that results below
    day = np.repeat(np.arange(len(volumes)), counts)
    vehicle = _vehicles_in_use(rng, sold, day)
    burden, aspect = _recent_burden(problems, vehicle, day)
    care = world.dealers.care[world.vehicles.dealer[vehicle]]
    latent = 8.4 + 0.6 * care - 1.1 * burden + rng.normal(0, 1.5, len(day))
    # People at either end answer more often than those in the middle.
    answered = rng.random(len(day)) < _RESPONSE_RATE * (0.8 + 0.08 * np.abs(latent - 7.0))
    touchpoint = rng.choice(5, len(day), p=[0.2, 0.4, 0.14, 0.18, 0.08])
    talk = _pick_by_model(rng, catalogue.talk_weights(), world.vehicles.model[vehicle])
    return Invitations(
        day,
        vehicle,
        touchpoint,
        answered,
        np.clip(latent, 0, 10),
        np.where(aspect >= 0, aspect, talk),
        aspect >= 0,
    )


def _recent_burden(problems: Problems, vehicle: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum up the severity of a vehicle's recent problems; also the aspect of the latest (-1: none)."""
    stride = 100_000
    key = problems.vehicle * stride + problems.day + stride // 2
    order = np.argsort(key, kind="stable")
    key, total = key[order], np.concatenate([[0], problems.severity[order].cumsum()])
    until = vehicle * stride + day + stride // 2
    low, high = np.searchsorted(key, until - _MEMORY_DAYS), np.searchsorted(key, until, side="right")
    latest = order[np.maximum(high - 1, 0)] if len(order) else np.zeros(len(day), dtype=int)
    aspect = problems.aspect[latest] if len(order) else np.full(len(day), -1)
    return np.minimum(total[high] - total[low], 6), np.where(high > low, aspect, -1)


def _claims(rng: np.random.Generator, problems: Problems, sold: np.ndarray) -> Claims:
    share = np.array([a.claim_share for a in ASPECTS])[problems.aspect]
    in_warranty = problems.day - sold[problems.vehicle] < 3 * 365
    visited = (rng.random(len(problems)) < share) | problems.in_cluster
    chosen = np.flatnonzero(visited & in_warranty)
    wait = 1 + rng.exponential(4.0, len(chosen)).astype(int)
    return Claims(
        problems.day[chosen],
        problems.vehicle[chosen],
        problems.aspect[chosen],
        problems.severity[chosen],
        wait,
    )
