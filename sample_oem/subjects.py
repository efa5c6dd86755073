"""What a message or a note is about: the order, the lead or the adviser as the business systems know them.

Messages with orders come from the people who placed them, notes about prospects name a lead as it stands
on the day of the note. Events take the numbers (``about_orders``, ``about_leads``), channels what stands
behind them (``goods``, ``leads``, ``staff``). The records themselves are made in ``business``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sample_oem.models import MODEL_INDEX
from sample_oem.scenarios import STORY

if TYPE_CHECKING:
    from sample_oem.business import Business
    from sample_oem.events import Voices
    from sample_oem.streams import Streams
    from sample_oem.world import World

DAY_S = 86_400
# Days after which nobody asks about an order of accessories, or of a car.
_ACCESSORY_DAYS, _CAR_DAYS = 20, 60
_LATE_DAYS = 14
_ABOUT_CARS = 0.4
_LEAD_DAYS, _LEAD_HISTORY_DAYS = 60, 150
_SEATS = "座椅不舒服"
_OPEN = 10**6


class Goods(NamedTuple):
    """What was ordered: the name of the goods and their variant (empty for a car)."""

    item: str
    variant: str


class Lead(NamedTuple):
    """A lead: contact phone, dealer, days of its states (``_OPEN``: never), why and to whom it was lost."""

    phone: str
    dealer_code: str
    model_code: str
    created: int
    driven: int
    closed: int
    is_lost: bool
    reason: str
    rival: str


class Staff(NamedTuple):
    """A member of a dealer's staff: number, role, phone, first and last day (``_OPEN``: still there)."""

    number: str
    role: str
    phone: str
    joined: int
    left: int


class _Placed(NamedTuple):
    """Orders in day order: number, day placed, day it is settled, buyer and car (indices), and identity."""

    number: np.ndarray
    day: np.ndarray
    done: np.ndarray
    buyer: np.ndarray
    car: np.ndarray
    identity: np.ndarray


def goods(business: Business) -> dict[str, Goods]:
    """Goods by number of accessory order."""
    frame = business.frames["sales", "accessory_order"]
    columns = (frame[name].tolist() for name in ("accessory_order_no", "item_zh", "variant_zh"))
    return {number: Goods(item, variant) for number, item, variant in zip(*columns, strict=True)}


def leads(business: Business) -> dict[str, Lead]:
    """Leads by number, in the order of their creation, but those that ended long before the window."""
    frame = business.frames["crm", "lead"]
    names = ("lead_no", "status", "phone", "dealer_code", "vehicle_model_code", "lost_reason_zh",
             "lost_to_brand_zh", "_at")  # fmt: skip
    found: dict[str, Lead] = {}
    rows = np.flatnonzero(frame["_at"] >= -_LEAD_HISTORY_DAYS * DAY_S)
    rows = rows[np.argsort(frame["_at"][rows], kind="stable")]
    for number, status, phone, dealer, model, reason, rival, at in zip(
        *(frame[name][rows].tolist() for name in names), strict=True
    ):
        one = found.get(number) or Lead(phone, dealer, model, at // DAY_S, _OPEN, _OPEN, False, "", "")
        if status == "已试驾":
            one = one._replace(driven=at // DAY_S)
        elif status in ("战败", "已订车"):
            one = one._replace(closed=at // DAY_S, is_lost=status == "战败", reason=reason, rival=rival)
        found[number] = one
    return found


def staff(business: Business) -> dict[str, list[Staff]]:
    """Staff by dealer code, in the order of their numbers."""
    frame = business.frames["crm", "dealer_staff"]
    left: dict[str, int] = {}
    people: dict[str, tuple[str, Staff]] = {}
    names = ("staff_no", "dealer_code", "phone", "role", "joined_date", "left_date")
    for number, dealer, phone, role, joined, gone in zip(
        *(frame[name].tolist() for name in names), strict=True
    ):
        people.setdefault(number, (dealer, Staff(number, role, phone, joined, _OPEN)))
        if gone > joined:
            left[number] = gone
    found: dict[str, list[Staff]] = {}
    for number, (dealer, one) in sorted(people.items()):
        found.setdefault(dealer, []).append(one._replace(left=left.get(number, _OPEN)))
    return found


def staff_number(staff: int) -> str:
    """Number of a member of staff as the CRM writes it (empty for -1)."""
    return f"ST{staff:06d}" if staff >= 0 else ""


# -- orders ---------------------------------------------------------------------------------------
def about_orders(
    streams: Streams, world: World, voices: Voices, business: Business, first_day: int
) -> tuple[Voices, np.ndarray]:
    """Let the buyers of orders speak: the voices with their speakers and cars, and the order numbers.

    Who waits for a car asks about that order, a return (X02) is about goods that go back. Where nobody
    ordered anything in time the number is empty. Silent people and those who left write nothing.
    """
    accessories, cars = _accessories(world, business, first_day), _car_orders(world, business)
    returned = _of(accessories, _returns(business, accessories))
    returned = _of(returned, np.argsort(returned.done, kind="stable"))
    kind = streams.chance("about/kind", np.arange(len(voices)))
    links = np.full(len(voices), "", dtype=object)
    vehicle, speaker = voices.vehicle.copy(), voices.speaker.copy()
    for i, (day, story) in enumerate(zip(voices.day.tolist(), voices.story.tolist(), strict=True)):
        wants_car = story == STORY["x12"] or (story < 0 and kind[i] < _ABOUT_CARS)
        pools = [_open_orders(accessories, day, _ACCESSORY_DAYS)]
        pools.insert(0 if wants_car else 1, _open_orders(cars, day, _CAR_DAYS, is_late=story == STORY["x12"]))
        if story == STORY["x02"]:
            pools = [_due(returned, day), pools[0]]
        for placed in pools:
            if len(placed.day):
                row = _drawn(streams, "about/order", placed.identity, i)
                links[i], vehicle[i], speaker[i] = placed.number[row], placed.car[row], placed.buyer[row]
                break
    return replace(voices, vehicle=vehicle, speaker=speaker), links


def _drawn(streams: Streams, name: str, identity: np.ndarray, voice: int) -> int:
    """Row drawn for a voice by identity: in a twin with a row more or less few draws change."""
    return int(streams.chance(name, identity, voice).argmin())


def _identity(numbers: np.ndarray) -> np.ndarray:
    """Whole numbers of business numbers with two letters, each prefix in a range of its own."""
    return np.array([int(n[2:]) * 64 + ord(n[1]) % 64 for n in numbers], dtype=np.int64)


def _of(placed: _Placed, rows: np.ndarray) -> _Placed:
    return _Placed(*(column[rows] for column in placed))


def _open_orders(placed: _Placed, day: int, reach: int, *, is_late: bool = False) -> _Placed:
    """Orders of the last ``reach`` days that are not settled yet; only old ones if there are such."""
    low, high = np.searchsorted(placed.day, [day - reach, day + 1])
    rows = np.arange(low, high)
    rows = rows[placed.done[rows] >= day]
    old = rows[placed.day[rows] < day - _LATE_DAYS] if is_late else rows[:0]
    return _of(placed, old if len(old) else rows)


def _due(returned: _Placed, day: int) -> _Placed:
    """Orders whose goods go back in the week after ``day``."""
    low, high = np.searchsorted(returned.done, [day, day + 7])
    return _of(returned, np.arange(low, high))


def _speaks(world: World, buyer: np.ndarray, last: np.ndarray, first_day: int) -> np.ndarray:
    return ~world.customers.is_silent[buyer] & (world.life.left[buyer] > last + first_day)


def _accessories(world: World, business: Business, first_day: int) -> _Placed:
    """Orders of accessories by people who have a car of ours by then."""
    frame, cars = business.frames["sales", "accessory_order"], world.vehicles
    rows = np.flatnonzero(frame["status"] == "已付款")
    account = {name: n for n, name in enumerate(world.customers.app_user)}
    buyer = np.array([account[name] for name in frame["app_user_id"][rows]], dtype=int)
    day = frame["_at"][rows] // DAY_S
    # The first car of each buyer: the stable order keeps the lowest row.
    first = np.full(len(world.customers.number), -1)
    first[cars.buyer[::-1]] = np.arange(len(cars.vin))[::-1]
    car = first[buyer]
    ok = (car >= 0) & _speaks(world, buyer, day + _ACCESSORY_DAYS, first_day)
    ok &= cars.sold[car].astype(int) - first_day < day
    number = frame["accessory_order_no"][rows]
    found = _Placed(number, day, day + _ACCESSORY_DAYS, buyer, car, _identity(number))
    return _of(found, np.flatnonzero(ok))


def _returns(business: Business, accessories: _Placed) -> np.ndarray:
    """Rows of the orders that were sent back; their ``done`` becomes the day of the return."""
    frame = business.frames["sales", "accessory_order"]
    back = np.flatnonzero(frame["status"] == "已退货")
    day = dict(zip(frame["accessory_order_no"][back], frame["_at"][back] // DAY_S, strict=True))
    rows = np.array([n for n, number in enumerate(accessories.number) if number in day], dtype=int)
    accessories.done[rows] = [day[number] for number in accessories.number[rows]]
    return rows


def _car_orders(world: World, business: Business) -> _Placed:
    """Orders of cars until they are delivered or given up."""
    frame, cars = business.frames["sales", "vehicle_order"], world.vehicles
    ends = np.flatnonzero(np.isin(frame["status"].astype(str), ("已交付", "已退订")))
    done = dict(zip(frame["order_no"][ends], frame["_at"][ends] // DAY_S, strict=True))
    rows = np.flatnonzero(frame["status"] == "已下订")
    rows = rows[np.argsort(frame["_at"][rows], kind="stable")]
    number = frame["order_no"][rows]
    # An order carries the number of its car.
    place = {n: car for car, n in enumerate(cars.number.tolist())}
    car = np.array([place[int(one[2:])] for one in number], dtype=int)
    buyer = cars.buyer[car]
    last = np.array([done.get(one, _OPEN) for one in number], dtype=int)
    found = _Placed(number, frame["_at"][rows] // DAY_S, last, buyer, car, _identity(number))
    return _of(found, np.flatnonzero(~world.customers.is_silent[buyer]))


# -- leads ----------------------------------------------------------------------------------------
def about_leads(
    streams: Streams, world: World, voices: Voices, business: Business
) -> tuple[Voices, np.ndarray]:
    """Give the notes about strangers a lead: lost ones for the stories of lost prospects, else open ones.

    Returns the voices, with the buyer as speaker where the lead became an order and with a car of the
    model asked for, and the lead numbers (empty for owners, and where no lead fits).
    """
    known = leads(business)
    number = np.array(list(known), dtype=object)
    place = {n: car for car, n in enumerate(world.vehicles.number.tolist())}
    cars = [np.flatnonzero(world.vehicles.model == n) for n in range(len(MODEL_INDEX))]
    pools, identity = _LeadPools(list(known.values())), _identity(number)
    links = np.full(len(voices), "", dtype=object)
    vehicle, speaker = voices.vehicle.copy(), voices.speaker.copy()
    for i in np.flatnonzero(voices.speaker < 0).tolist():
        rows = pools.find(int(voices.day[i]), int(voices.story[i]))
        if not len(rows):
            continue
        row = rows[_drawn(streams, "about/lead", identity[rows], i)]
        links[i] = number[row]
        if links[i].startswith("LD"):
            vehicle[i] = place[int(links[i][2:])]
            speaker[i] = world.vehicles.buyer[vehicle[i]]
        elif len(same := cars[MODEL_INDEX[known[links[i]].model_code]]):
            vehicle[i] = same[_drawn(streams, "about/car", world.vehicles.number[same], i)]
    return replace(voices, vehicle=vehicle, speaker=speaker), links


class _LeadPools:
    """Leads by the day they begin and by the day they are lost, to be found by what a note says of them."""

    def __init__(self, known: list[Lead]) -> None:
        columns = [(x.created, x.closed, x.is_lost, x.reason == _SEATS) for x in known]
        self.created, self.closed, lost, seats = np.array(columns or np.zeros((0, 4)), dtype=int).T
        self.begun = np.argsort(self.created, kind="stable")
        gone = np.flatnonzero(lost == 1)
        gone = gone[np.argsort(self.closed[gone], kind="stable")]
        self.gone = {True: gone[seats[gone] == 1], False: gone[seats[gone] == 0]}

    def find(self, day: int, story: int) -> np.ndarray:
        """Rows of the leads a note of ``day`` may be about; empty where none fits."""
        if story < 0:
            return self._open(day)
        is_seat = story == STORY["x05"]
        rows = self._lost(day, is_seat=is_seat)
        return rows if len(rows) else self._lost(day, is_seat=not is_seat)

    def _lost(self, day: int, *, is_seat: bool) -> np.ndarray:
        rows = self.gone[is_seat]
        low, high = np.searchsorted(self.closed[rows], [day - 30, day + 1])
        return rows[low:high]

    def _open(self, day: int) -> np.ndarray:
        """Leads that go on, or ended yesterday or today."""
        low, high = np.searchsorted(self.created[self.begun], [day - _LEAD_DAYS, day + 1])
        rows = self.begun[low:high]
        return rows[self.closed[rows] > day - 2]
