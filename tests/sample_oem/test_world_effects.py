"""Planted sizes come back on adjusted contrasts, null twins give none, and naive contrasts are wrong."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from sample_oem.business import insurance, sales
from sample_oem.business.contacts import pilot_cities
from sample_oem.business.frames import Frame, Scene, length
from sample_oem.business.surveys import Invitations, invite
from sample_oem.events import Problems, happen, problems_of
from sample_oem.lifecycle import LATENT_MEAN, Life
from sample_oem.scenarios import STORY, scenario
from sample_oem.streams import Streams
from sample_oem.world import World, build_world

END = np.datetime64("2026-03-30")
SEEDS = (0, 1)
QUARTER = 16
DAYS = 90


@lru_cache(maxsize=32)
def _world(name: str, seed: int, owners: int = 12_000, days: int = DAYS) -> World:
    return build_world(Streams(seed), owners, END, scenario(name), days)


def _worlds(name: str) -> list[World]:
    return [_world(name, seed) for seed in SEEDS]


def _scene(world: World, name: str) -> tuple[Scene, Problems]:
    """A world whose records follow another scenario: for effects that act on records alone."""
    start = int(END.astype(int)) - world.days + 1
    other = replace(world, planted=scenario(name))
    return Scene(world.streams, other, start, world.days), problems_of(world, start)


def _fit(happened: np.ndarray, *columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logistic regression by Newton's method: coefficients of the columns and their standard errors."""
    design = np.column_stack([np.ones(len(happened)), *columns]).astype(float)
    beta = np.zeros(design.shape[1])
    for _ in range(12):
        chance = 1 / (1 + np.exp(-design @ beta))
        information = design.T @ (design * (chance * (1 - chance))[:, None])
        beta += np.linalg.solve(information, design.T @ (happened - chance))
    return beta[1:], np.sqrt(np.diag(np.linalg.inv(information)))[1:]


def _near(found: float, planted: float, error: float, least: float) -> None:
    """The size lies within three standard errors, and they are small enough for that to mean something."""
    assert error < least, error
    assert abs(found - planted) < 3 * error, (found, planted, error)


# -- repurchase ---------------------------------------------------------------------------------------------
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


def _quarters(world: World, event_owner: np.ndarray, event_day: np.ndarray) -> dict[str, np.ndarray]:
    """One row per owner and quarter at risk, with the last quarter's satisfaction and what happened."""
    life = world.life
    happened = np.zeros(life.latent.shape, dtype=bool)
    happened[event_owner, (event_day - life.start[0]) // 91] = True
    at_risk = ~np.isnan(life.latent[:, :-1]) & (life.left[:, None] >= life.start[None, 1:])
    owner, before = np.nonzero(at_risk)
    return {
        "owner": owner,
        "quarter": before + 1,
        "latent": life.latent[owner, before],
        "happened": happened[owner, before + 1],
    }


def _all(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def _buying(world: World) -> dict[str, np.ndarray]:
    """Owner-quarters with all that moves buying again."""
    life, people = world.life, world.customers
    rows = _quarters(world, life.purchases.owner, life.purchases.day)
    owner, quarter = rows["owner"], rows["quarter"]
    bought = np.zeros(life.latent.shape)
    np.add.at(bought, (life.purchases.owner, (life.purchases.day - life.start[0]) // 91), 1)
    earlier = np.cumsum(bought, axis=1)[owner, quarter - 1]
    newest = np.full(len(people.number), 10**6)
    first = world.vehicles.order < 0
    np.minimum.at(newest, world.vehicles.buyer[first], world.vehicles.sold.astype(int)[first])
    age = life.start[quarter] - newest[owner]
    rows |= {
        "flat": people.birth_year[owner] >= world.planted.flat_from_birth_year,
        "high": people.income[owner] == 2,
        "low": people.income[owner] == 0,
        "young": age < 364,
        "old": age > 12 * 91,
        "solved": _solved_lately(world)[owner, quarter],
    }
    kept = (people.kind[owner] != 1) & (earlier == 0) & (age < 10**5)
    return {name: values[kept] for name, values in rows.items()}


def _solved_lately(world: World) -> np.ndarray:
    """Whether a complaint of an owner was solved in the quarter or the four before."""
    life = world.life
    out = np.zeros(life.latent.shape, dtype=bool)
    t = life.troubles
    mine = t.is_resolved & (t.owner >= 0)
    for wait in range(5):
        quarter = t.quarter[mine] + wait
        inside = quarter < out.shape[1]
        out[t.owner[mine][inside], quarter[inside]] = True
    return out


@pytest.mark.parametrize(
    ("name", "size"), [("base", 0.35), ("null:repurchase", 0.0), ("flip:repurchase", -0.35)]
)
def test_repurchase_comes_back_when_adjusted_and_not_in_the_flat_segment(name: str, size: float) -> None:
    rows = _all([_buying(w) for w in _worlds(name)])
    others = ("high", "low", "young", "old", "solved")
    for segment, planted in ((~rows["flat"], size), (rows["flat"], 0.0)):
        part = {k: v[segment] for k, v in rows.items()}
        beta, error = _fit(part["happened"], part["latent"], *(part[k] for k in others))
        _near(beta[0], planted, error[0], 0.05 if size == planted and size else 0.1)


# -- resolution → retention ---------------------------------------------------------------------------------
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


def _terms(world: World, name: str) -> dict[str, np.ndarray]:
    """Insurance terms that fell due with an owner of ours, and whether they were renewed with us."""
    scene, problems = _scene(world, name)
    policy = insurance.record(scene, problems)["insurance", "policy"]
    cars, people = world.vehicles, world.customers
    ours = set(policy["保单号"].tolist())
    car, term = (a.ravel() for a in np.meshgrid(np.arange(len(cars.vin)), np.arange(1, 8), indexing="ij"))
    due = cars.sold.astype(int)[car] - scene.first_day + 365 * term
    owner = scene.holder(car, due)
    kept = (due < scene.days - 30) & (owner >= 0) & ~scene.has_left(owner, due)
    car, term, due, owner = car[kept], term[kept], due[kept], owner[kept]
    number = cars.number[car] * 10 + term
    return {
        "happened": np.array([f"PL{n:010d}" in ours for n in number.tolist()]),
        "before": np.array([f"PL{n - 1:010d}" in ours for n in number.tolist()]),
        "latent": scene.latent(owner, due - 30),
        "solved": insurance.solved_before(problems, owner, due, len(people.number)),
        "term": term,
        "high": people.income[owner] == 2,
        "low": people.income[owner] == 0,
    }


_RENEWAL_OTHERS = ("before", "term", "high", "low")


@pytest.mark.parametrize(("name", "size"), [("base", 0.45), ("null:renewal", 0.0)])
def test_renewal_follows_satisfaction_by_the_planted_size(name: str, size: float) -> None:
    rows = _all([_terms(w, name) for w in _worlds("base")])
    beta, error = _fit(rows["happened"], rows["latent"], rows["solved"], *(rows[k] for k in _RENEWAL_OTHERS))
    _near(beta[0], size, error[0], 0.02)
    naive, _ = _fit(rows["happened"], rows["latent"])
    # Who has much money is harder to please and renews more often: the plain slope is too flat.
    assert naive[0] < size - 3 * error[0]


@pytest.mark.parametrize(("name", "size"), [("base", 0.60), ("null:resolution", 0.0)])
def test_a_solved_complaint_keeps_customers_by_the_planted_size(name: str, size: float) -> None:
    rows = _all([_terms(w, name) for w in _worlds(name)])
    beta, error = _fit(rows["happened"], rows["solved"], rows["latent"], *(rows[k] for k in _RENEWAL_OTHERS))
    _near(beta[0], size, error[0], 0.05)
    naive, wide = _fit(rows["happened"], rows["solved"])
    # The loyal complain, and those with solutions had troubles: the plain contrast misses either way.
    assert abs(naive[0] - size) > 3 * wide[0]


# -- options, referral, silence -----------------------------------------------------------------------------
def _offers(world: World, name: str) -> dict[str, np.ndarray]:
    scene, _ = _scene(world, name)
    orders, frames = sales.record(scene)
    offer: Frame = frames["sales", "order_option"]
    each = len(sales.OPTIONS)
    assert length(offer) == each * len(orders.day)
    order = np.repeat(np.arange(len(orders.day)), each)
    owner = orders.owner[order]
    rows = {
        "happened": offer["is_taken"] == "true",
        "latent": scene.latent(owner, orders.day[order] - 91),
        "high": world.customers.income[owner] == 2,
        "low": world.customers.income[owner] == 0,
        "option": np.tile(np.arange(each), len(orders.day)),
    }
    return {k: v[orders.is_again[order]] for k, v in rows.items()}


@pytest.mark.parametrize(("name", "size"), [("base", 0.45), ("null:options", 0.0)])
def test_options_follow_satisfaction_by_the_planted_size(name: str, size: float) -> None:
    rows = _all([_offers(w, name) for w in _worlds("base")])
    beta, error = _fit(rows["happened"], *(rows[k] for k in ("latent", "high", "low", "option")))
    _near(beta[0], size, error[0], 0.05)
    naive, _ = _fit(rows["happened"], rows["latent"])
    assert naive[0] < beta[0] - 0.02


@pytest.mark.parametrize(("name", "size"), [("base", 0.50), ("null:referral", 0.0)])
def test_referral_follows_satisfaction_by_the_planted_size(name: str, size: float) -> None:
    rows = _all([_quarters(w, w.life.referral_owner, w.life.referral_day) for w in _worlds(name)])
    beta, error = _fit(rows["happened"], rows["latent"])
    _near(beta[0], size, error[0], 0.03)
    # Answers measure satisfaction with error: their slope, per point of latent, is too flat.
    noise = np.random.default_rng(1).normal(size=len(rows["latent"])) * 0.95 / 1.35
    naive, _ = _fit(rows["happened"], rows["latent"] + noise)
    assert naive[0] < 0.85 * beta[0] if size else abs(naive[0]) < 0.1


def _leaving(world: World) -> dict[str, np.ndarray]:
    life = world.life
    gone = np.flatnonzero(life.left < 100_000)
    rows = _quarters(world, gone, life.left[gone])
    rows["silent"] = world.customers.is_silent[rows["owner"]] & (rows["latent"] < -0.2)
    return rows


@pytest.mark.parametrize(("name", "size"), [("base", 1.2), ("null:silent", 0.0)])
def test_the_unhappy_silent_leave_sooner_by_the_planted_size(name: str, size: float) -> None:
    worlds = _worlds(name)
    rows = _all([_leaving(w) for w in worlds])
    beta, error = _fit(rows["happened"], rows["silent"], rows["latent"])
    _near(beta[0], size, error[0], 0.15)
    for world in worlds:
        # Nothing they said could have told: they never complain.
        cases = world.life.troubles.owner[world.life.troubles.is_case]
        assert not world.customers.is_silent[cases].any()


# -- coached answers ----------------------------------------------------------------------------------------
def _answered(name: str, seed: int) -> tuple[World, Invitations]:
    world = _world("base", seed)
    scene, problems = _scene(world, name)
    return scene.world, invite(world.streams, scene.world, np.full(DAYS, 400.0), scene.first_day, problems)


def _lifted(world: World, sent: Invitations) -> np.ndarray:
    """Share of answers lifted to the top, per group of dealers, against honest ones of equal feeling."""
    group = world.dealers.coaching[world.vehicles.dealer[sent.vehicle]]
    asked = sent.answered & ~sent.is_probe & ~sent.is_repeat
    top, felt = sent.latent >= 9.4, np.clip(sent.felt.astype(int), 0, 9)
    honest = np.array(
        [top[asked & (group == 0) & (felt == f)].mean() if (felt == f).any() else 0.0 for f in range(10)]
    )
    out = []
    for number in (1, 2, 3):
        mine = asked & (group == number)
        expected = np.nan_to_num(honest)[felt[mine]].mean()
        out.append((top[mine].mean() - expected) / (1 - expected))
    return np.array(out)


@pytest.mark.parametrize(("name", "size"), [("base", (0.2, 0.4, 0.6)), ("null:coaching", (0.0, 0.0, 0.0))])
def test_coached_shares_come_back_per_group_of_dealers(name: str, size: tuple[float, ...]) -> None:
    found = np.mean([_lifted(*_answered(name, seed)) for seed in SEEDS], axis=0)
    assert np.abs(found - np.array(size)).max() < 0.05, found


def test_the_best_averages_accuse_honest_dealers_and_miss_coaching_ones() -> None:
    world, sent = _answered("base", 0)
    asked = sent.answered & ~sent.is_probe
    dealer = world.vehicles.dealer[sent.vehicle][asked]
    count = np.bincount(dealer, minlength=len(world.dealers.code))
    mean = np.bincount(dealer, sent.latent[asked], minlength=len(count)) / np.maximum(count, 1)
    coaching = (world.dealers.coaching > 0) & (count >= 20)
    best = np.argsort(-np.where(count >= 20, mean, 0))[: coaching.sum()]
    assert 0 < coaching[best].mean() < 0.8


# -- pilots -------------------------------------------------------------------------------------------------
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
    worlds = [_world("null:ota", seed, 24_000, 180) for seed in (0, 1, 2)]
    naive = np.mean([_pilot_change(w, (28, 0)) for w in worlds])
    honest = np.mean([_pilot_change(w, (140, 28)) for w in worlds])
    assert naive < -0.25
    assert honest > naive + 0.3


def test_pilot_cities_are_the_same_in_the_twin_and_the_update_works_only_in_one() -> None:
    real, null = (_world(name, 0, 24_000, 180) for name in ("base", "null:ota"))
    assert np.array_equal(real.life.ota.is_pilot, null.life.ota.is_pilot)
    counts = []
    for world in (real, null):
        t, installed = world.life.troubles, world.life.ota.installed
        mine = (t.story == STORY["x01"]) & (t.car < len(installed))
        after = t.day[mine] >= installed[t.car[mine]]
        counts.append((after.sum(), (~after).sum()))
    assert counts[0][1] == counts[1][1]
    # Twenty-four of a hundred: exp(-1.2) is 0.30.
    assert 0.2 < counts[0][0] / counts[1][0] < 0.42


@pytest.fixture(scope="module")
def contacts() -> dict[str, tuple[Scene, Frame]]:
    """Contacts of a year in a world with automatic answers, and in its twin."""
    out = {}
    for name in ("base", "null:x08"):
        world = replace(_world("base", 3, 3000, 365), planted=scenario(name))
        first = END - np.timedelta64(364, "D")
        made = happen(world.streams, world, np.full(365, 200.0), first)
        scene = Scene(world.streams, world, int(first.astype(int)), 365)
        out[name] = (scene, made.business.frames["crm", "contact"])
    return out


def _stages(scene: Scene, frame: Frame) -> dict[tuple[bool, bool], tuple[float, float]]:
    """Per (pilot city, pilot stage): share of enquiries answered automatically, mean log waiting time."""
    people = scene.world.customers
    city_of = dict(zip(people.number, people.city.tolist(), strict=True))
    known = (frame["customer_no"] != "") & (frame["contact_reason"] == "咨询")
    city = np.array([city_of[n] for n in frame["customer_no"][known]])
    day = frame["started_at"][known] // 86_400
    auto, wait = frame["is_auto_answered"][known] == "true", np.log(np.maximum(frame["wait_s"][known], 1))
    pilot = pilot_cities(scene)[city]
    opens, rolls = scene.opens("x08_pilot"), scene.opens("x08_rollout")
    out = {}
    for is_pilot in (False, True):
        for is_stage in (False, True):
            mine = (pilot == is_pilot) & ((day >= opens) & (day < rolls) if is_stage else day < opens)
            out[is_pilot, is_stage] = (float(auto[mine].mean()), float(wait[mine].mean()))
    return out


def test_automatic_answers_come_to_pilot_cities_drawn_by_lot(
    contacts: dict[str, tuple[Scene, Frame]],
) -> None:
    change = {}
    for name, (scene, frame) in contacts.items():
        cell = _stages(scene, frame)
        change[name] = [
            (cell[True, True][n] - cell[True, False][n]) - (cell[False, True][n] - cell[False, False][n])
            for n in (0, 1)
        ]
        late = frame["started_at"] // 86_400 >= scene.opens("x08_rollout")
        asked = late & (frame["contact_reason"] == "咨询")
        share = (frame["is_auto_answered"][asked] == "true").mean()
        assert abs(share - (0.8 if name == "base" else 0.1)) < 0.03
    assert abs(change["base"][0] - 0.7) < 0.06  # a tenth was answered automatically before
    assert abs(change["base"][1] - np.log(0.5)) < 0.2
    assert abs(change["null:x08"][0]) < 0.05
    assert abs(change["null:x08"][1]) < 0.2
    drawn = pilot_cities(contacts["base"][0])
    assert np.array_equal(drawn, pilot_cities(contacts["null:x08"][0]))
    assert 0 < drawn.sum() <= len(np.unique(contacts["base"][0].world.dealers.city)) / 6


# -- the bad lot --------------------------------------------------------------------------------------------
def test_the_bad_lot_stands_out_only_in_the_effect_world() -> None:
    shares = []
    for name in ("base", "null:lot"):
        world = _world(name, 4, 20_000)
        t = world.life.troubles
        hit = t.car[t.story == STORY["bad_lot"]]
        shares.append((len(hit), world.vehicles.is_bad_lot[hit].mean()))
    assert shares[0][0] == shares[1][0]
    assert shares[0][1] > 0.75
    assert shares[1][1] < 0.35


def test_effects_are_taken_from_the_level_of_the_base_world() -> None:
    level = np.mean([np.nanmean(w.life.latent) for w in _worlds("base")])
    assert abs(level - LATENT_MEAN) < 0.15
