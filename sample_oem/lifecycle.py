"""Years of ownership, quarter by quarter: troubles, latent satisfaction, complaints, and what owners then do.

Causes first. A quarter's troubles and solutions move the latent satisfaction of the owner; the *previous*
quarter's satisfaction moves buying again, leaving and referring, each confounded by income, province and
car. Story troubles (bad lot, software trouble, old defect) are laid over by ``overlays``. Nothing is said
or recorded here: voices follow in ``events``, records in ``business``. Days are integers since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sample_oem import overlays
from sample_oem.catalogue import INDEX, seasonal_weights
from sample_oem.models import (
    FLEET_STRIDE,
    MODEL_INDEX,
    MODELS,
    NEVER,
    PROVINCE_OF_CITY,
    REPURCHASE_PLACE,
)
from sample_oem.places import CITIES, PROVINCES
from sample_oem.scenarios import Planted, windows
from sample_oem.streams import Streams, logistic, places

QUARTERS, QUARTER_DAYS = 26, 91
_RATE = 0.36  # troubles per car and quarter: about 1.4 a year
# Level and spread of latent satisfaction, and shares, in the base world. Effects are taken from them, so
# that a null twin sells, renews and loses as many: only who does it changes.
LATENT_MEAN, LATENT_VARIANCE = -0.27, 1.21
_SOLVED_OF_CASES = 0.62
_SOLVED_OF_OWNERS = 0.145
_LATENT_OF_BUYERS = -0.41  # those whose income makes them buy again are harder to please
_SILENT_UNHAPPY = 0.06
_COLD = frozenset(
    [
        "北京",
        "天津",
        "河北",
        "山西",
        "内蒙古",
        "辽宁",
        "吉林",
        "黑龙江",
        "甘肃",
        "宁夏",
        "新疆",
        "山东",
        "陕西",
    ]
)
_IS_COLD = np.array([c.province in _COLD for c in CITIES]).astype(int)


@dataclass(frozen=True)
class Dealers:
    """Dealers by index; ``opened`` is datetime64[D]; ``coaching`` 1..3: groups of coached answers."""

    code: list[str]
    name: list[str]
    city: np.ndarray
    opened: np.ndarray
    care: np.ndarray
    coaching: np.ndarray


@dataclass(frozen=True)
class FirstCars:
    """Cars as first sold, before any change of hands; ``place`` counts the cars of one owner."""

    owner: np.ndarray
    place: np.ndarray
    model: np.ndarray
    dealer: np.ndarray
    sold: np.ndarray


@dataclass
class Cars:
    """All cars that came to be sold; ``handed`` is ``NEVER`` or the day of the change of hands.

    ``order`` is -1 for a first car, else the row of ``Purchases`` that brought it.
    """

    owner: np.ndarray
    place: np.ndarray
    model: np.ndarray
    dealer: np.ndarray
    sold: np.ndarray
    handed: np.ndarray
    next_owner: np.ndarray
    order: np.ndarray

    @property
    def number(self) -> np.ndarray:
        """Stable number of each car, the same in every twin."""
        return self.owner * FLEET_STRIDE + self.place

    def holder(self, car: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Owner of cars on days; -1 where the car has left our sight."""
        return np.where(day >= self.handed[car], self.next_owner[car], self.owner[car])


@dataclass(frozen=True)
class Troubles:
    """One row per trouble in day order; ``is_case`` whether a complaint case was opened about it.

    ``key`` is a stable number; ``owner`` who had the car (-1: out of sight); ``quarter`` its place in
    the path of latent satisfaction; ``story`` indexes ``scenarios.STORIES`` (-1: none).
    """

    day: np.ndarray
    car: np.ndarray
    aspect: np.ndarray
    severity: np.ndarray
    story: np.ndarray
    key: np.ndarray
    owner: np.ndarray
    quarter: np.ndarray
    is_case: np.ndarray
    is_resolved: np.ndarray

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True)
class Purchases:
    """Repurchases: day of order, owner, new car, car traded in (-1: a further car)."""

    day: np.ndarray
    owner: np.ndarray
    car: np.ndarray
    traded: np.ndarray


@dataclass(frozen=True)
class Life:
    """Everything the quarters brought; ``latent`` has shape (owners, quarters), NaN before the first car."""

    start: np.ndarray
    traits: dict[str, np.ndarray]
    cars: Cars
    bad_lot: np.ndarray
    troubles: Troubles
    latent: np.ndarray
    purchases: Purchases
    referral_owner: np.ndarray
    referral_day: np.ndarray
    left: np.ndarray
    ota: overlays.Rollout
    windows: dict[str, tuple[np.datetime64, np.datetime64]]

    def latent_on(self, owner: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Latent satisfaction of owners on days (integers since the epoch); 0 where unknown."""
        quarter = ((day - self.start[0]) // QUARTER_DAYS).clip(0, QUARTERS - 1)
        return np.nan_to_num(self.latent[np.maximum(owner, 0), quarter])


@dataclass
class _State:
    """What the loop carries from quarter to quarter."""

    cars: Cars
    mood: np.ndarray
    latent: np.ndarray
    left: np.ndarray
    bought: np.ndarray
    newest: np.ndarray
    resolved_at: np.ndarray
    troubles: list[list[np.ndarray]] = field(default_factory=list)
    purchases: list[list[np.ndarray]] = field(default_factory=list)
    referrals: list[list[np.ndarray]] = field(default_factory=list)


@dataclass(frozen=True)
class _Setting:
    """What the loop only reads."""

    streams: Streams
    planted: Planted
    traits: dict[str, np.ndarray]
    dealers: Dealers
    weights: np.ndarray
    start: np.ndarray
    base: np.ndarray
    buys: np.ndarray
    idle_fix: int
    story: overlays.Overlay


def live(
    streams: Streams,
    planted: Planted,
    traits: dict[str, np.ndarray],
    dealers: Dealers,
    first: FirstCars,
    end: np.datetime64,
    days: int,
) -> Life:
    """Run the quarters up to ``end`` (the last day of the window)."""
    last = int(end.astype(int))
    start = last + 1 - QUARTER_DAYS * np.arange(QUARTERS, 0, -1)
    owners = len(traits["city"])
    span = windows(end, days)
    cars = _used_cars(streams, first, owners, last)
    lot = overlays.lot_weeks(streams, first.model, first.sold, cars.number)
    story, rollout = overlays.lay(streams, planted, cars, traits["city"], lot, span, last, days)
    base, buys = _confounded(streams, planted, traits)
    idle = int(span["idle_fix"][0].astype(int))
    setting = _Setting(
        streams, planted, traits, dealers, _cumulative(planted), start, base, buys, idle, story
    )
    state = _State(
        cars,
        np.zeros(owners),
        np.full((owners, QUARTERS), np.nan, dtype=np.float32),
        np.full(owners, NEVER),
        np.zeros(owners, dtype=int),
        _newest(cars, owners),
        np.full(owners, -NEVER),
    )
    for quarter in range(QUARTERS):
        _quarter(setting, state, quarter)
    return _life(setting, state, span, rollout, last)


def _life(
    setting: _Setting,
    state: _State,
    span: dict[str, tuple[np.datetime64, np.datetime64]],
    rollout: overlays.Rollout,
    last: int,
) -> Life:
    columns = [np.concatenate(c) for c in zip(*state.troubles, strict=True)]
    order = np.lexsort((columns[5], columns[0]))
    troubles = Troubles(*(c[order] for c in columns))
    purchases = [np.concatenate(c) for c in zip(*state.purchases, strict=True)]
    referrals = [np.concatenate(c) for c in zip(*state.referrals, strict=True)]
    cars = state.cars
    lot = overlays.lot_weeks(setting.streams, cars.model, cars.sold, cars.number)
    late = cars.handed > last
    cars.handed[late], cars.next_owner[late] = NEVER, -1
    return Life(
        setting.start,
        setting.traits,
        cars,
        lot,
        troubles,
        state.latent,
        Purchases(*purchases),
        referrals[0],
        referrals[1],
        state.left,
        rollout,
        span,
    )


def _cumulative(planted: Planted) -> np.ndarray:
    """Flat table for drawing aspects: row number plus cumulative share, for one search."""
    weights = seasonal_weights(planted.quiet_lift, planted.season)
    table = weights.reshape(-1, weights.shape[-1]).cumsum(axis=1)
    return (table + np.arange(len(table))[:, None]).ravel()


def _confounded(
    streams: Streams, planted: Planted, traits: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Lasting parts per owner of satisfaction, and of the log odds to buy again, by the same confounders."""
    province = streams.normal("province", np.arange(len(PROVINCES)))[PROVINCE_OF_CITY[traits["city"]]]
    high, low = traits["income"] == 2, traits["income"] == 0
    rating = planted.confounding * (-0.45 * high + 0.25 * low - 0.15 * province)
    buying = planted.confounding * (0.9 * high - 0.7 * low + 0.25 * province)
    return traits["temper"] + rating, buying


def _used_cars(streams: Streams, first: FirstCars, owners: int, last: int) -> Cars:
    """First cars, some of them sold on to another of our owners after three years or more."""
    number = first.owner * FLEET_STRIDE + first.place
    handed = first.sold + 1000 + streams.below("used/day", 900, number)
    sold_on = (streams.chance("used", number) < 0.06) & (handed <= last)
    return Cars(
        first.owner.copy(),
        first.place.copy(),
        first.model.copy(),
        first.dealer.copy(),
        first.sold.copy(),
        np.where(sold_on, handed, NEVER),
        np.where(sold_on, streams.below("used/to", owners, number), -1),
        np.full(len(number), -1),
    )


def _newest(cars: Cars, owners: int) -> np.ndarray:
    """Day of sale of each owner's newest car sold so far (first cars; -NEVER: none)."""
    newest = np.full(owners, NEVER)
    np.minimum.at(newest, cars.owner, cars.sold)
    return newest


def _quarter(setting: _Setting, state: _State, q: int) -> None:
    rows = _troubles(setting, state, q)
    _feel(setting, state, q, rows)
    if q:
        _refer(setting, state, q)
        _leave(setting, state, q)
        _buy(setting, state, q)


def _troubles(setting: _Setting, state: _State, q: int) -> list[np.ndarray]:
    """Troubles of a quarter: the common ones by model, month, climate and age, and those of stories."""
    streams, cars, first = setting.streams, state.cars, int(setting.start[q])
    until = first + QUARTER_DAYS
    gone = np.where(cars.next_owner < 0, cars.handed, NEVER)
    active = np.flatnonzero((cars.sold < until) & (gone > first))
    number, age = cars.number[active], first - cars.sold[active]
    quality = 0.8 + 0.4 * streams.chance("quality", cars.model[active])
    rate = _RATE * quality * np.where(age < QUARTER_DAYS, 1.3, np.where(age > 1100, 1.25, 0.9))
    count = streams.poisson("troubles", rate, number, q)
    row = np.repeat(active, count)
    place = places(count)
    key = (cars.number[row] * QUARTERS + q) * 16 + place
    day = first + streams.below("trouble/day", QUARTER_DAYS, key)
    seen = (day > cars.sold[row]) & (day < gone[row])
    row, key, day = row[seen], key[seen], day[seen]
    aspect = _aspects(setting, cars, row, day, key)
    severity = 1 + streams.pick("trouble/severity", [0.4, 0.4, 0.2], key)
    kept = _not_fixed(setting, cars, row, day, aspect, key)
    common = [a[kept] for a in (day, row, aspect, severity, np.full(len(row), -1), key)]
    story = setting.story
    inside = (story.day >= first) & (story.day < until)
    laid = [a[inside] for a in (story.day, story.car, story.aspect, story.severity, story.story, story.key)]
    day, row, aspect, severity, tale, key = (np.concatenate(p) for p in zip(common, laid, strict=True))
    owner = cars.holder(row, day)
    is_case, is_resolved = _cases(setting, cars, row, owner, severity, key)
    rows = [day, row, aspect, severity, tale, key, owner, np.full(len(day), q), is_case, is_resolved]
    state.troubles.append(rows)
    return rows


def _aspects(setting: _Setting, cars: Cars, row: np.ndarray, day: np.ndarray, key: np.ndarray) -> np.ndarray:
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
    cold = _IS_COLD[setting.traits["city"][cars.owner[row]]]
    table = (cars.model[row] * 12 + month) * 2 + cold
    width = len(setting.weights) // (len(MODELS) * 24)
    draw = setting.streams.chance("trouble/aspect", key)
    return (np.searchsorted(setting.weights, table + draw) - table * width).clip(0, width - 1)


def _not_fixed(
    setting: _Setting, cars: Cars, row: np.ndarray, day: np.ndarray, aspect: np.ndarray, key: np.ndarray
) -> np.ndarray:
    """Whether a common trouble stays in spite of the technical bulletin (the fix that may do nothing)."""
    touched = (cars.model[row] == MODEL_INDEX["QL-A3-21T"]) & (aspect == INDEX["CHS-SUS"])
    touched &= day >= setting.idle_fix
    left_over = np.exp(setting.planted.idle_fix_log_ratio)
    return ~touched | (setting.streams.chance("idle_fix", key) < left_over)


def _cases(
    setting: _Setting, cars: Cars, row: np.ndarray, owner: np.ndarray, severity: np.ndarray, key: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Who complains (the loyal more often than others, the silent never), and whose complaint is solved."""
    who = np.maximum(owner, 0)
    eager = -1.9 + 0.75 * (severity - 1) + 0.9 * setting.traits["temper"][who]
    is_case = (setting.streams.chance("case", key) < logistic(eager)) & (owner >= 0)
    is_case &= ~setting.traits["is_silent"][who]
    care = setting.dealers.care[cars.dealer[row]]
    solved = setting.streams.chance("solved", key) < logistic(1.5 - 0.9 * (severity - 1) + 0.7 * care)
    return is_case, is_case & solved


def _feel(setting: _Setting, state: _State, q: int, rows: list[np.ndarray]) -> None:
    """Move the latent satisfaction of everyone who has a car."""
    _, _, aspect, severity, _, _, owner, _, is_case, is_resolved = rows
    owners = len(state.mood)
    known = owner >= 0
    harm = np.where(aspect == INDEX["ICT-NAV"], setting.planted.navigation_harm, 0.28)
    weight = np.where(known, -harm * severity - 0.2 * (is_case & ~is_resolved), 0.0)
    weight += setting.planted.relief * (is_resolved - _SOLVED_OF_CASES * is_case) * known
    shock = np.bincount(np.maximum(owner, 0), weight, minlength=owners)
    person = np.arange(owners)
    noise = 0.35 * setting.streams.normal("mood", person, q)
    state.mood = np.clip(0.7 * state.mood + noise + shock, -3.5, 2.0)
    dealer = np.zeros(owners, dtype=int)
    dealer[state.cars.owner] = state.cars.dealer
    until = int(setting.start[q]) + QUARTER_DAYS
    level = 0.3 + setting.base + 0.5 * setting.dealers.care[dealer] + state.mood
    state.latent[:, q] = np.where(state.newest < until, level, np.nan)
    state.resolved_at[owner[is_resolved]] = q


def _happens(setting: _Setting, state: _State, q: int, name: str, log_odds: np.ndarray) -> np.ndarray:
    """Owners to whom it happens in the quarter: with a car since before the last one, and still ours."""
    ours = ~np.isnan(state.latent[:, q - 1]) & (state.left >= setting.start[q])
    chance = setting.streams.chance(name, np.arange(len(ours)), q)
    return np.flatnonzero(ours & (chance < logistic(log_odds)))


def _day_in(setting: _Setting, q: int, name: str, owner: np.ndarray) -> np.ndarray:
    return setting.start[q] + setting.streams.below(name + "/day", QUARTER_DAYS, owner, q)


def centred(slope: np.ndarray | float, latent: np.ndarray, level: float = LATENT_MEAN) -> np.ndarray:
    """Log odds that satisfaction adds, about zero on average; ``level`` is the mean of those asked."""
    return slope * (latent - level)


def rare(slope: np.ndarray | float, latent: np.ndarray) -> np.ndarray:
    """Log odds that satisfaction adds to a rare event, which happens as often without the effect.

    Of log-normal odds the mean lies half a variance above the median.
    """
    return centred(slope, latent) - np.square(slope) * LATENT_VARIANCE / 2


def rare_share(log_odds: float, share: float) -> float:
    """Log odds to take off a rare event that ``share`` of people have ``log_odds`` more of."""
    return float(np.log1p(share * np.expm1(log_odds)))


def _refer(setting: _Setting, state: _State, q: int) -> None:
    before = np.nan_to_num(state.latent[:, q - 1])
    who = _happens(setting, state, q, "referral", -4.0 + rare(setting.planted.referral, before))
    state.referrals.append([who, _day_in(setting, q, "referral", who)])


def _leave(setting: _Setting, state: _State, q: int) -> None:
    before = np.nan_to_num(state.latent[:, q - 1])
    silent = setting.traits["is_silent"] & (before < -0.2)
    sooner = setting.planted.silent_leaving
    odds = -4.6 - 0.5 * before + sooner * silent - rare_share(sooner, _SILENT_UNHAPPY)
    who = _happens(setting, state, q, "leave", odds)
    state.left[who] = _day_in(setting, q, "leave", who)


def repurchase_log_odds(
    planted: Planted,
    traits: dict[str, np.ndarray],
    buying: np.ndarray,
    latent: np.ndarray,
    wait: np.ndarray,
    has_solution: np.ndarray,
) -> np.ndarray:
    """Log odds of buying again in a quarter, by last quarter's satisfaction and age of the newest car."""
    slope = np.where(traits["birth_year"] >= planted.flat_from_birth_year, 0.0, planted.repurchase)
    age = np.where(wait < 4 * QUARTER_DAYS, -1.6, np.where(wait > 12 * QUARTER_DAYS, 0.5, 0.0))
    solved = planted.resolution * has_solution - rare_share(planted.resolution, _SOLVED_OF_OWNERS)
    level = slope * (LATENT_MEAN - _LATENT_OF_BUYERS)
    return -4.1 + rare(slope, latent) + level + buying + age + solved


def _buy(setting: _Setting, state: _State, q: int) -> None:
    """Owners who buy again; three in five hand in a car, half of those cars go to another owner."""
    streams, first = setting.streams, int(setting.start[q])
    before = np.nan_to_num(state.latent[:, q - 1])
    odds = repurchase_log_odds(
        setting.planted,
        setting.traits,
        setting.buys,
        before,
        first - state.newest,
        q - state.resolved_at <= 4,
    )
    may = (setting.traits["kind"] != 1) & (state.bought < 2)
    who = _happens(setting, state, q, "repurchase", np.where(may, odds, -99.0))
    day = _day_in(setting, q, "repurchase", who)
    # The leaving of the same quarter comes first or not at all.
    still = state.left[who] > day
    who, day = who[still], day[still]
    cars, n = state.cars, len(state.cars.owner)
    traded = _traded(setting, state, who, day)
    serial = sum(len(p[0]) for p in state.purchases) + np.arange(len(who))
    state.purchases.append([day, who, n + np.arange(len(who)), traded])
    model = _model_on(streams, who, day, q)
    place = REPURCHASE_PLACE + state.bought[who]
    dealer = np.zeros(len(state.bought), dtype=int)
    dealer[cars.owner] = cars.dealer
    wait = 3 + streams.below("order/wait", 40, who, q)
    new = [who, place, model, dealer[who], day + wait]
    new += [np.full(len(who), NEVER), np.full(len(who), -1), serial]
    names = list(Cars.__dataclass_fields__)
    state.cars = Cars(
        *(np.concatenate([getattr(cars, name), value]) for name, value in zip(names, new, strict=True))
    )
    state.bought[who] += 1
    state.newest[who] = day + wait


def _traded(setting: _Setting, state: _State, who: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Return the car each buyer hands in (-1: none), and hand it on."""
    cars, streams = state.cars, setting.streams
    oldest = np.full(len(state.bought), -1)
    held = np.flatnonzero((cars.handed == NEVER) & (cars.sold < int(day.min() if len(day) else 0) - 200))
    oldest[cars.owner[held[::-1]]] = held[::-1]
    car = np.where(streams.chance("trade", who, state.bought[who]) < 0.6, oldest[who], -1)
    rows = car[car >= 0]
    cars.handed[rows] = day[car >= 0] + 45
    number = cars.number[rows]
    stays = streams.chance("trade/stays", number) < 0.5
    cars.next_owner[rows] = np.where(stays, streams.below("trade/to", len(oldest), number), -1)
    return car


def _model_on(streams: Streams, who: np.ndarray, day: np.ndarray, q: int) -> np.ndarray:
    launched = np.array([m.launched for m in MODELS], dtype="datetime64[D]").astype(int)
    share = np.array([m.share for m in MODELS]) * (launched[None, :] < day[:, None] - 20)
    share[:, 0] += 1e-9
    edges = share.cumsum(axis=1) / share.sum(axis=1, keepdims=True)
    return (streams.chance("model", who, q)[:, None] > edges).sum(axis=1).clip(0, len(MODELS) - 1)
