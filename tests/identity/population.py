"""A made-up population with known persons, and the raw files its records would leave.

Independent of `sample_oem/`: the causes of confusion are planted one by one (shared phones, numbers
handed on, slips of the pen, agents' phones, staff who pose, used cars, colliding VIN ends, missing
keys) so that a wrong merge can be named by its cause. Keys are made up, shaped like pseudonyms.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START, DAYS = date(2023, 1, 1), 1000


def key(domain: str, value: Any) -> str:
    return "k1_" + hashlib.md5(f"{domain}|{value}".encode()).hexdigest()


@dataclass
class Person:
    number: int
    customers: list[str] = field(default_factory=list)
    card: str | None = None
    # (first day, phone): the phone of a day is that of the last entry not after it.
    phones: list[tuple[int, str]] = field(default_factory=list)
    mail: str | None = None
    account: str | None = None
    handle: str = ""
    cars: list[tuple[str, int, int | None]] = field(default_factory=list)
    spouse: int | None = None
    joined: int = 0

    def phone(self, day: int) -> str | None:
        held = [phone for first, phone in self.phones if first <= day]
        return held[-1] if held else None

    def car(self, day: int, random: np.random.Generator) -> str | None:
        own = [vin for vin, first, last in self.cars if first <= day and (last is None or day < last)]
        return own[int(random.integers(len(own)))] if own else None


class Population:
    """`people` with their keys, `rows` per (channel, entity), `truth`: voice → (person, cause)."""

    def __init__(self, people: int, seed: int, voices_per_person: float = 3.0) -> None:
        self.random = np.random.default_rng(seed)
        self.seed = seed
        self.rows: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self.truth: dict[str, tuple[str, str]] = {}
        self.car_truth: dict[str, str] = {}
        self.vin8: dict[str, str] = {}
        self._serial = 0
        self.people = [self._person(number) for number in range(people)]
        self.staff = [key("phone", f"staff{number}") for number in range(max(people // 50, 2))]
        self._confuse()
        self._masters()
        self._business()
        self._voices(int(people * voices_per_person))

    # ---- people

    def _chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def _day(self, first: int = 0, last: int = DAYS) -> int:
        return int(self.random.integers(first, max(last, first + 1)))

    def _person(self, number: int) -> Person:
        one = Person(number, joined=self._day(0, 600))
        one.customers = [f"C{number}"] if self._chance(0.9) else []
        one.card = key("card", number) if self._chance(0.85) else None
        one.phones = [(0, key("phone", number))]
        one.mail = key("mail", number) if self._chance(0.4) else None
        one.account = key("account", number) if self._chance(0.6) else None
        one.handle = key("handle", number)
        if one.customers and one.card and self._chance(0.02):
            one.customers.append(f"C{number}b")
        for serial in range(int(self.random.choice([1, 1, 1, 2, 2, 3, 4])) if one.customers else 0):
            vin = key("vin", f"{number}-{serial}")
            # About one car in a hundred ends like another.
            tail = (
                f"{self.random.integers(0, len(one.phones) * 400)}"
                if self._chance(0.01)
                else f"{number}-{serial}"
            )
            self.vin8[vin] = key("vin8", tail)
            one.cars.append((vin, one.joined + self._day(0, 60), None))
        return one

    def _confuse(self) -> None:
        people = self.people
        for one in people:
            other = people[self._day(0, len(people))]
            # Two customers on record share a number; now and then the other one is on no record at all.
            may_share = one.customers and (other.customers or self._chance(0.1))
            if may_share and self._chance(0.045) and one.spouse is other.spouse is None and other is not one:
                one.spouse, other.spouse = other.number, one.number
                one.phones = list(other.phones)
            elif self._chance(0.1):
                day = self._day(300, 700)
                one.phones.append((day, key("phone", f"{one.number}new")))
                if self._chance(0.3) and other.spouse is None and other is not one:
                    # The operator hands the number on, four months later.
                    other.phones.append((day + 120, one.phones[0][1]))
            if self._chance(0.1) and one.cars and other.customers and other is not one:
                vin, first, last = one.cars[0]
                sold = first + self._day(100, 300)
                if last is None and sold < DAYS:
                    one.cars[0] = (vin, first, sold)
                    other.cars.append((vin, sold, None))

    # ---- records

    def _add(
        self, channel: str, entity: str, day: int, version: int = 1, record: str = "", **fields: Any
    ) -> str:
        self._serial += 1
        record = record or f"{entity}{self._serial}"
        at = datetime.combine(START + timedelta(days=day), datetime.min.time()) + timedelta(hours=3)
        voice = fields.pop("voice", None)
        text_keys = fields.pop("text_keys", None)
        self.rows[channel, entity].append(
            {
                "record_id": key("record", f"{channel}{record}"),
                "voice_id": voice,
                "version_key": f"{version:09d}",
                "content_hash": key("content", self._serial),
                "event_at": at,
                "event_basis": "source_time",
                "received_at": at + timedelta(hours=9 + version % 7),
                "is_deleted": False,
                "score_input_hash": "h" if voice else None,
                "text_keys": text_keys,
                "updated_at": (at + timedelta(days=0)).strftime("%Y-%m-%d %H:%M:%S.%f"),
                **fields,
            }
        )
        return record

    def _customer(self, one: Person, day: int | None = None) -> str | None:
        if not one.customers:
            return None
        pick = one.customers[self._day(0, len(one.customers))]
        return key("customer", pick)

    def _masters(self) -> None:
        for one in self.people:
            for number, customer in enumerate(one.customers):
                held = [(first, phone) for first, phone in one.phones if first > one.joined]
                for version, (day, phone) in enumerate([(one.joined, one.phone(one.joined)), *held], 1):
                    self._version(one, customer, number, version, day, phone)
            for vin, first, last in one.cars:
                self._add("customers_vehicles", "ownership", first, vin_key=vin, vin8_key=self.vin8[vin],
                          customer_key=self._customer(one), owned_from_date=self._date(first),
                          owned_until_date=None if last is None else self._date(last), owner_relation="车主")  # fmt: skip
                if last is None:
                    self._add("customers_vehicles", "vehicle", first, vin_key=vin, vin8_key=self.vin8[vin],
                              customer_key=self._customer(one), plate_key=key("plate", vin))  # fmt: skip
            if one.account and one.customers and self._chance(0.8):
                self._add("crm", "app_account", one.joined, app_account_key=one.account,
                          customer_key=self._customer(one), phone_key=one.phone(one.joined),
                          bound_at=self._date(one.joined) + " 03:00:00.000000", unbound_at=None)  # fmt: skip
        for number, phone in enumerate(self.staff):
            self._add("crm", "dealer_staff", 0, record=f"staff{number}", phone_key=phone,
                      joined_date=self._date(0), left_date=None)  # fmt: skip

    def _version(
        self, one: Person, customer: str, number: int, version: int, day: int, phone: str | None
    ) -> None:
        rows = self.rows["customers_vehicles", "customer"]
        self._add("customers_vehicles", "customer", one.joined, version=version, record=customer,
                  customer_key=key("customer", customer), phone_key=phone if number == 0 else None,
                  mail_key=one.mail, id_card_key=one.card)  # fmt: skip
        rows[-1]["updated_at"] = self._date(day) + " 03:00:00.000000"

    def _date(self, day: int) -> str:
        return (START + timedelta(days=day)).isoformat()

    def _business(self) -> None:
        for one in self.people:
            for _ in range(int(self.random.poisson(2.5))):
                day = self._day(one.joined, DAYS)
                phone = one.phone(day)
                if self._chance(0.01):  # a slip of the pen, one in five hits somebody's number
                    other = self.people[self._day(0, len(self.people))]
                    phone = other.phone(day) if self._chance(0.2) else key("phone", f"slip{self._serial}")
                if self._chance(0.02):
                    phone = self.staff[self._day(0, len(self.staff))]
                kind = int(self.random.integers(4))
                customer = self._customer(one) if self._chance(0.85) else None
                vin = one.car(day, self.random)
                number = f"N{self._serial}"
                if kind == 0:
                    self._add("crm", "lead", day, lead_no=number, customer_key=customer, phone_key=phone)
                elif kind == 1 and vin:
                    bringer = one if one.spouse is None or self._chance(0.7) else self.people[one.spouse]
                    self._add("service", "service_visit", day, visit_no=number, customer_key=customer,
                              phone_key=bringer.phone(day), vin_key=vin, vin8_key=self.vin8[vin])  # fmt: skip
                elif kind == 2 and vin:
                    if self._chance(0.1):
                        phone = key("phone", f"agent{self._day(0, 5)}")
                    self._add("insurance", "policy", day, policy_no=number, customer_key=customer,
                              phone_key=phone, vin_key=vin, vin8_key=self.vin8[vin])  # fmt: skip
                elif kind == 3:
                    self._add("survey", "invitation", day, invitation_no=number, customer_key=customer,
                              phone_key=phone, vin_key=vin)  # fmt: skip
                    if self._chance(0.5):
                        voice = self._voice(one, "survey")
                        self._add("survey", "response", min(day + 3, DAYS), voice=voice, invitation_no=number)

    # ---- voices

    def _voice(self, one: Person, cause: str, vin: str | None = None) -> str:
        voice = key("voice", f"{self._serial}{cause}")
        self.truth[voice] = (f"person{one.number}", cause)
        if vin:
            self.car_truth[voice] = vin
        return voice

    def _voices(self, count: int) -> None:
        makers = (self._call, self._call, self._chat, self._app, self._mail, self._group, self._note,
                  self._post, self._posing)  # fmt: skip
        for _ in range(count):
            one = self.people[self._day(0, len(self.people))]
            makers[int(self.random.integers(len(makers)))](one, self._day(one.joined, DAYS))

    def _call(self, one: Person, day: int) -> None:
        vin = one.car(day, self.random)
        cause, phone, about = "own phone", one.phone(day), vin
        if self._chance(0.04):
            cause, phone = "borrowed phone", key("phone", f"borrowed{self._serial}")
        elif one.spouse is not None:
            cause = "shared phone"
            if self._chance(0.2):
                cause, about = "spouse's car", self.people[one.spouse].car(day, self.random)
        elif one.phone(day) != one.phones[0][1]:
            cause = "changed phone"
        customer = self._customer(one) if self._chance(0.4) else None
        given = about if about and self._chance(0.5) else None
        self._add("call_center", "call", day, voice=self._voice(one, cause, given), caller_phone_key=phone,
                  call_no=f"K{self._serial}", customer_key=customer, vin_key=given,
                  vin8_key=self.vin8[given] if given else None)  # fmt: skip

    def _chat(self, one: Person, day: int) -> None:
        self._add("online_chat", "message", day, voice=self._voice(one, "chat"), session_no=f"S{self._serial}",
                  customer_key=self._customer(one) if self._chance(0.3) else None,
                  app_account_key=one.account if self._chance(0.6) else None,
                  phone_key=one.phone(day) if self._chance(0.3) else None)  # fmt: skip

    def _app(self, one: Person, day: int) -> None:
        vin = one.car(day, self.random)
        if one.account:
            self._add("owner_app", "app_feedback", day, voice=self._voice(one, "app", vin),
                      app_account_key=one.account, vin8_key=self.vin8[vin] if vin else None,
                      feedback_no=f"F{self._serial}")  # fmt: skip

    def _mail(self, one: Person, day: int) -> None:
        if one.mail:
            spoken = [f"phone:{one.phone(day)}"] if self._chance(0.2) else None
            self._add("customer_mail", "mail", day, voice=self._voice(one, "mail"), sender_key=one.mail,
                      text_keys=spoken)  # fmt: skip

    def _group(self, one: Person, day: int) -> None:
        self._add("private_group", "message", day, voice=self._voice(one, "group"), member_key=one.handle,
                  message_no=f"G{self._serial}",
                  customer_key=self._customer(one) if self._chance(0.6) else None)  # fmt: skip

    def _note(self, one: Person, day: int) -> None:
        vin = one.car(day, self.random)
        self._add("dealer_note", "note", day, voice=self._voice(one, "dealer note"), phone_key=one.phone(day),
                  plate_key=key("plate", vin) if vin and self._chance(0.5) else None)  # fmt: skip

    def _post(self, one: Person, day: int) -> None:
        spoken = [f"phone:{one.phone(day)}"] if self._chance(0.1) else None
        self._add("social_media", "post", day, voice=self._voice(one, "public post"), author_key=one.handle,
                  text_keys=spoken)  # fmt: skip

    def _posing(self, one: Person, day: int) -> None:
        """Dealer staff calls in the name of a customer, from a staff phone."""
        if not self._chance(0.2):
            return
        number = self._day(0, len(self.staff))
        voice = key("voice", f"{self._serial}posing")
        self.truth[voice] = (f"staff{number}", "staff posing")
        self._add("call_center", "call", day, voice=voice, caller_phone_key=self.staff[number],
                  call_no=f"K{self._serial}", vin_key=one.car(day, self.random), customer_key=None)  # fmt: skip

    # ---- files

    def write(self, folder: Path, parts: int = 1) -> list[tuple[Path, str, str]]:
        """Write raw files, each entity cut by receipt into `parts`; return (path, channel, entity)."""
        written = []
        for (channel, entity), rows in sorted(self.rows.items()):
            ordered = sorted(rows, key=lambda row: (row["received_at"], row["record_id"]))
            size = -(-len(ordered) // parts)
            for part in range(parts):
                chunk = ordered[part * size : (part + 1) * size]
                if chunk:
                    path = folder / f"{channel}__{entity}-{part:03d}.parquet"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    pq.write_table(raw_table(chunk), path)
                    written.append((path, channel, entity))
        return written


def raw_table(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as a raw file holds them."""
    kinds = {
        "event_at": pa.timestamp("us"), "received_at": pa.timestamp("us"), "is_deleted": pa.bool_(),
        "text_keys": pa.list_(pa.string()),
    }  # fmt: skip
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table(
        {name: pa.array([row.get(name) for row in rows], kinds.get(name, pa.string())) for name in names}
    )
