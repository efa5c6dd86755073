"""Voices of the planted stories that no single trouble caused: bursts, campaigns, rivals, orders, wishes.

``tales`` says per channel how many such voices stand on which day, with aspect and mood. Troubles with a
story of their own come from ``overlays``; names and dates of all stories are in ``scenarios``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_oem.catalogue import INDEX
from sample_oem.models import MODEL_INDEX
from sample_oem.scenarios import CAMPAIGN, STORY
from sample_oem.streams import Streams
from sample_oem.world import World

_LOST_FOR = ("INT-SEA", "PRI-PRC", "SPC-CAB", "NEV-RNG", "EXT-DSN", "INT-QUI")


@dataclass(frozen=True)
class Tale:
    """Voices of one story in one channel: day, aspect, polarity, strangers; cars to pick from."""

    story: int
    day: np.ndarray
    aspect: np.ndarray
    polarity: np.ndarray
    is_stranger: np.ndarray
    cars: np.ndarray
    campaign: int = -1


@dataclass(frozen=True)
class _Stage:
    streams: Streams
    world: World
    volumes: dict[str, np.ndarray]
    first_day: int

    def opens(self, story: str) -> int:
        """First day of a story, counted from the first event day."""
        return self.world.opens(story, self.first_day)

    def rows(self, name: str, channel: str, daily: np.ndarray) -> np.ndarray:
        """Days of the voices when ``daily`` are expected of each day."""
        counts = self.streams.generator(f"tale/{channel}/{name}").poisson(np.maximum(daily, 0))
        return np.repeat(np.arange(len(counts)), counts)

    def draw(self, name: str, channel: str, n: int) -> np.ndarray:
        """Uniform numbers for the voices of a story."""
        return self.streams.chance(f"tale/{channel}/{name}/draw", np.arange(n))

    def cars(self, model: str) -> np.ndarray:
        """First cars of a model (repurchases differ between twins and would move every later draw)."""
        cars = self.world.vehicles
        return np.flatnonzero((cars.model == MODEL_INDEX[model]) & (cars.order < 0))


def tales(
    streams: Streams, world: World, volumes: dict[str, np.ndarray], first_day: int
) -> dict[str, list[Tale]]:
    """All tales per channel; ``volumes`` are the voices expected per channel and day."""
    stage = _Stage(streams, world, volumes, first_day)
    found: dict[str, list[Tale]] = {}
    for channel, tale in (
        *_viral(stage),
        *_campaign(stage),
        *_rival(stage),
        *_wishes(stage),
        *_smart(stage),
        *_lost(stage),
        *_slow(stage),
        *_answered(stage),
        *_orders(stage),
    ):
        found.setdefault(channel, []).append(tale)
    return found


def _tale(
    story: str,
    day: np.ndarray,
    aspect: np.ndarray | str,
    polarity: np.ndarray,
    stranger: float,
    cars: np.ndarray | None = None,
    campaign: int = -1,
) -> Tale:
    n = len(day)
    codes = np.full(n, INDEX[aspect]) if isinstance(aspect, str) else aspect
    odd = (np.arange(n) * 7919 % 1000) / 1000 < stranger
    return Tale(STORY[story], day, codes, polarity, odd, np.zeros(0, int) if cars is None else cars, campaign)


def _since(daily: np.ndarray, opens: int, closes: int = 10**6) -> np.ndarray:
    """Expected voices per day, zero before a story opens and after it closes."""
    day = np.arange(len(daily))
    return np.where((day >= opens) & (day <= closes), daily, 0.0)


def _viral(stage: _Stage) -> list[tuple[str, Tale]]:
    """Burst about a spokesman: a tenth of the channel's voices in four days, or spread out."""
    out = []
    for channel, share in (("social_media", 0.10), ("media_comments", 0.02)):
        volume = stage.volumes[channel]
        opens = stage.opens("viral_burst")
        total = volume.sum() * share
        days = np.arange(len(volume))
        burst = np.where((days >= opens) & (days < opens + 4), 1.0, 0.0)
        profile = burst if stage.world.planted.viral and burst.any() else volume
        day = np.sort(
            np.searchsorted(
                (profile / max(profile.sum(), 1e-9)).cumsum(), stage.draw("viral", channel, int(total))
            ).clip(0, len(volume) - 1)
        )
        mood = np.where(stage.draw("viral/mood", channel, len(day)) < 0.6, -1, 0)
        out.append((channel, _tale("viral_burst", day, "EXT-DSN", mood, 0.95)))
    return out


def _campaign(stage: _Stage) -> list[tuple[str, Tale]]:
    """Talk about the quiet campaign: mocked where the car is loud, liked where it is not (null)."""
    out = []
    loud = stage.world.planted.quiet_lift > 1.5
    cars = stage.cars("QL-E5-24E")
    for channel, share in (
        ("social_media", 0.06),
        ("media_comments", 0.03),
        ("forum", 0.02),
        ("call_center", 0.01),
    ):
        day = stage.rows(
            "quiet", channel, _since(stage.volumes[channel] * share, stage.opens("campaign_quiet"))
        )
        draw = stage.draw("quiet", channel, len(day))
        mood = np.where(draw < 0.65, -1, 0) if loud else np.where(draw < 0.65, 1, 0)
        code = "x14" if channel in ("forum", "call_center") else "campaign_quiet"
        third = len(day) // 3 if channel == "social_media" else 0
        for story, rows in (("x10", slice(0, third)), (code, slice(third, None))):
            tale = _tale(story, day[rows], "INT-QUI", mood[rows], 0.3, cars, CAMPAIGN["CP-QUIET"])
            if len(tale.day):
                out.append((channel, tale))
    return out


def _rival(stage: _Stage) -> list[tuple[str, Tale]]:
    opens = stage.opens("rival_event")
    out = []
    for channel, share in (("social_media", 0.08), ("media_comments", 0.03), ("news", 0.15)):
        day = stage.rows("rival", channel, _since(stage.volumes[channel] * share, opens))
        mood = np.where(stage.draw("rival", channel, len(day)) < 0.4, -1, 0)
        out.append((channel, _tale("rival_event", day, "PRI-PRC", mood, 1.0, None, CAMPAIGN["CP-RIVAL"])))
    return out


def _wishes(stage: _Stage) -> list[tuple[str, Tale]]:
    """X03: many ask for a theme skin; the few with navigation trouble are the ones who suffer."""
    day = stage.rows("skin", "owner_app", stage.volumes["owner_app"] * 0.12)
    skin = _tale("x03_skin", day, "ICT-SCR", np.zeros(len(day), dtype=int), 0.0)
    day = stage.rows("nav", "owner_app", stage.volumes["owner_app"] * 0.04)
    return [("owner_app", skin), ("owner_app", _tale("x03", day, "ICT-NAV", np.full(len(day), -1), 0.0))]


def _smart(stage: _Stage) -> list[tuple[str, Tale]]:
    """X04: talk about the smart cabin, mostly about stutter and speech (null: evenly about all of it)."""
    codes = np.array([INDEX[c] for c in ("ICT-SCR", "ICT-VOI", "ICT-NAV", "ICT-APP", "ICT-CFG", "ADS-PAR")])
    focus = stage.world.planted.smart_focus
    out = []
    for channel, share in (("review_site", 0.15), ("media_comments", 0.02), ("forum_threads", 0.05)):
        day = stage.rows("smart", channel, stage.volumes[channel] * share)
        n = len(day)
        narrow = stage.draw("smart/focus", channel, n) < focus
        pick = stage.draw("smart", channel, n)
        aspect = codes[np.where(narrow, (pick * 2).astype(int), (pick * len(codes)).astype(int))]
        out.append((channel, _tale("x04", day, aspect, np.full(n, -1), 0.3)))
    return out


def _lost(stage: _Stage) -> list[tuple[str, Tale]]:
    """X05: what advisers note of lost prospects."""
    volume = stage.volumes["dealer_note"] * 0.35
    day = stage.rows("lost", "dealer_note", _since(volume, stage.opens("x05")))
    n = len(day)
    seats = stage.draw("lost", "dealer_note", n) < stage.world.planted.seat_share
    other = 1 + (stage.draw("lost/other", "dealer_note", n) * (len(_LOST_FOR) - 1)).astype(int)
    aspect = np.array([INDEX[c] for c in _LOST_FOR])[np.where(seats, 0, other)]
    return [
        ("dealer_note", _tale("x05", day[seats], aspect[seats], np.full(int(seats.sum()), -1), 1.0)),
        (
            "dealer_note",
            _tale("rival_event", day[~seats], aspect[~seats], np.full(int((~seats).sum()), -1), 1.0),
        ),
    ]


def _slow(stage: _Stage) -> list[tuple[str, Tale]]:
    """X06: complaints that the hotline is slow grow while it is."""
    opens = stage.opens("x06")
    out = []
    for channel, share in (("call_center", 0.05), ("online_chat", 0.06), ("complaint_site", 0.03)):
        days = np.arange(len(stage.volumes[channel]))
        ramp = np.clip((days - opens) / max(len(days) - opens, 1), 0, 1)
        growth = 1 + stage.world.planted.slow_service_growth * ramp
        day = stage.rows("slow", channel, stage.volumes[channel] * share * growth)
        out.append((channel, _tale("x06", day, "AFT-ATT", np.full(len(day), -1), 0.0)))
    return out


def _answered(stage: _Stage) -> list[tuple[str, Tale]]:
    """X08: enquiries in the online chat, from everywhere and all the time."""
    day = stage.rows("enquiry", "online_chat", stage.volumes["online_chat"] * 0.15)
    return [("online_chat", _tale("x08", day, "AFT-NET", np.zeros(len(day), dtype=int), 0.0))]


def _orders(stage: _Stage) -> list[tuple[str, Tale]]:
    """X02, X12, X13: returns for colour and size, order status not told, enquiries about shipment."""
    volume = stage.volumes["order_message"]
    planted, days = stage.world.planted, np.arange(len(volume))
    ramp = np.clip((days - stage.opens("x12")) / max(len(days) - stage.opens("x12"), 1), 0, 1)
    saved = np.where(days >= stage.opens("x13"), 1 - planted.shipment_feature, 1.0)
    daily = {
        "x12": volume * 0.28 * (1 + planted.order_status_growth * ramp),
        "x13": volume * 0.30 * saved,
        "x02": volume * 0.2,
    }
    aspects = {"x12": ("SAL-DLV", -1), "x13": ("SAL-DLV", 0), "x02": ("PRI-COS", -1)}
    out = []
    for story, expected in daily.items():
        day = stage.rows(story, "order_message", expected)
        code, mood = aspects[story]
        out.append(("order_message", _tale(story, day, code, np.full(len(day), mood), 0.0)))
    return out
