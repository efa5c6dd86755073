"""Naive contrasts are wrong in the confounded worlds, and by how much; stories stand where they were planted."""

from __future__ import annotations

import numpy as np
import pytest

from sample_oem.lifecycle import Life
from sample_oem.scenarios import STORY, scenario
from sample_oem.streams import Streams
from sample_oem.world import World, build_world

END = np.datetime64("2026-03-30")
SEEDS = (0, 1, 2)
QUARTER = 16


def _worlds(name: str, days: int = 90, owners: int = 12_000) -> list[World]:
    return [build_world(Streams(seed), owners, END, scenario(name), days) for seed in SEEDS]


def _promoter_gap(world: World, seed: int) -> float:
    """Share who buy again, promoters less detractors, as a naive report would have it."""
    life = world.life
    asked = ~np.isnan(life.latent[:, QUARTER])
    told = 7.7 + 1.35 * life.latent[:, QUARTER] + 0.95 * np.random.default_rng(seed).normal(size=len(asked))
    again = np.zeros(len(asked), dtype=bool)
    again[life.purchases.owner[life.purchases.day >= life.start[QUARTER + 1]]] = True
    return float(again[asked & (told >= 8.5)].mean() - again[asked & (told < 6.5)].mean())


def test_naive_repurchase_by_score_is_biased_by_confounding() -> None:
    gap = {
        name: np.mean([_promoter_gap(w, s) for s, w in zip(SEEDS, _worlds(name), strict=True)])
        for name in ("base", "unconfounded", "null:repurchase", "flip:repurchase")
    }
    assert gap["flip:repurchase"] < gap["null:repurchase"] < gap["base"] < gap["unconfounded"]
    # Confounding hides a good part of the effect, and shows one of the wrong sign where there is none.
    assert gap["base"] < 0.8 * gap["unconfounded"]
    assert gap["null:repurchase"] < 0


def _stays_more(life: Life) -> float:
    """Share still with us, owners who complained less owners with trouble who did not."""
    until = life.start[QUARTER + 1]
    owners = len(life.left)
    case, trouble = np.zeros(owners, dtype=bool), np.zeros(owners, dtype=bool)
    t = life.troubles
    seen = (t.day < until) & (t.owner >= 0)
    trouble[t.owner[seen]] = True
    case[t.owner[seen & t.is_case]] = True
    stays = life.left > life.start[-1]
    return float(stays[trouble & case].mean() - stays[trouble & ~case].mean())


def test_complaining_looks_good_for_retention_because_the_loyal_complain() -> None:
    assert np.mean([_stays_more(w.life) for w in _worlds("base")]) > 0.005


def _pilot_change(world: World, before: tuple[int, int]) -> float:
    life = world.life
    t = life.troubles
    city = life.traits["city"][world.vehicles.buyer[t.car]]
    mine = (t.story == STORY["x01"]) & life.ota.is_pilot[city]
    pilot, rollout = (int(life.windows[k][0].astype(int)) for k in ("ota_pilot", "ota_rollout"))
    old = (mine & (t.day >= pilot - before[0]) & (t.day < pilot - before[1])).sum() / (before[0] - before[1])
    new = (mine & (t.day >= pilot + 9) & (t.day < rollout)).sum() / (rollout - pilot - 9)
    return float(np.log((new + 1e-3) / (old + 1e-3)))


def test_before_and_after_in_pilot_cities_shows_an_effect_where_there_is_none() -> None:
    worlds = _worlds("null:ota", 180, 30_000)
    naive = np.mean([_pilot_change(w, (28, 0)) for w in worlds])
    honest = np.mean([_pilot_change(w, (140, 28)) for w in worlds])
    assert naive < -0.25
    assert honest > naive + 0.3


def test_pilot_cities_are_the_same_in_the_twin_and_the_update_works_only_in_one() -> None:
    for real, null in zip(_worlds("base", 180), _worlds("null:ota", 180), strict=True):
        assert np.array_equal(real.life.ota.is_pilot, null.life.ota.is_pilot)
        counts = []
        for world in (real, null):
            t, installed = world.life.troubles, world.life.ota.installed
            mine = (t.story == STORY["x01"]) & (t.car < len(installed))
            after = t.day[mine] >= installed[t.car[mine]]
            counts.append((after.sum(), (~after).sum()))
        assert counts[0][1] == counts[1][1]
        assert counts[0][0] < 0.6 * counts[1][0]


def test_the_bad_lot_stands_out_only_in_the_effect_world() -> None:
    shares = []
    for name in ("base", "null:lot"):
        world = build_world(Streams(4), 20_000, END, scenario(name), 90)
        t = world.life.troubles
        hit = t.car[t.story == STORY["bad_lot"]]
        shares.append((len(hit), world.vehicles.is_bad_lot[hit].mean()))
    assert shares[0][0] == shares[1][0]
    assert shares[0][1] > 0.75
    assert shares[1][1] < 0.35


@pytest.mark.parametrize(("name", "sign"), [("base", 1), ("flip:repurchase", -1)])
def test_latent_satisfaction_moves_buying_again_with_the_planted_sign(name: str, sign: int) -> None:
    total = 0.0
    for world in _worlds(name):
        life, people = world.life, world.customers
        moved = people.birth_year < world.planted.flat_from_birth_year
        quarter = ((life.purchases.day - life.start[0]) // 91).astype(int)
        buyers = life.latent[life.purchases.owner, quarter - 1]
        total += float(np.nanmean(buyers[moved[life.purchases.owner]]) - np.nanmean(life.latent[moved]))
    assert sign * total > 0
