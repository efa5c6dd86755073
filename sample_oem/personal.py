"""Personal identifiers put into texts, as customers write or speak them, with an account of each.

The identifiers themselves come from ``identifiers`` and the world; the sentences around them from the
phrase stock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from sample_oem import identifiers
from sample_oem.context import Context
from sample_oem.places import CITIES
from sample_oem.truth import PlantedValue
from sample_oem.voices.compose import Composer

# Share of a channel's voices that give something away.
PERSONAL_SHARE: dict[str, float] = {
    "complaint_site": 0.05,
    "forum": 0.03,
    "media_comments": 0.015,
    "call_center": 0.12,
    "survey": 0.03,
    "online_chat": 0.10,
    "customer_mail": 0.30,
    "owner_app": 0.02,
    "social_media": 0.015,
    "forum_threads": 0.02,
    "private_group": 0.02,
    "review_site": 0.005,
    "interview": 0.4,
    "order_message": 0.06,
    "dealer_note": 0.05,
    "news": 0.0,
}
_KINDS = (
    "phone", "phone", "phone", "phone", "landline", "mail",
    "id_card", "bank_card", "plate", "plate", "vin", "vin",
    "wechat", "qq", "name", "address",
)  # fmt: skip
_STRANGERS_KINDS = ("phone", "phone", "phone", "landline", "mail", "bank_card", "wechat", "qq")


class Personal:
    """Puts a personal identifier into some of a channel's texts and keeps the account of it."""

    def __init__(self, context: Context, channel: str, entity: str, composer: Composer) -> None:
        self.context, self.channel, self.entity, self.composer = context, channel, entity, composer
        self.numbers = np.random.default_rng([context.seed, sum(map(ord, channel)), 77])
        self.share = PERSONAL_SHARE[channel]

    def maybe(self, text: str, vehicle: int, voice: str, day: int, speaker: int | None = None) -> str:
        """Give the text, sometimes with a sentence that gives something away.

        It is the ``speaker``'s (-1: a stranger's, who names no car of ours), or the car's owner's.
        """
        if self.composer.rand() >= self.share:
            return text
        kind = self.composer.pick(_KINDS if speaker != -1 else _STRANGERS_KINDS)
        plain = self._value(kind, vehicle, speaker)
        form, written, rule = self._written(kind, plain)
        spoken = self.composer.with_personal(text, rule, written)
        voice = voice or hashlib.sha256(spoken.encode()).hexdigest()
        self.context.planted.append(
            PlantedValue(self.channel, self.entity, voice, day, kind, form, written, plain)
        )
        return spoken

    def _value(self, kind: str, vehicle: int, speaker: int | None) -> str:
        world = self.context.world
        if speaker == -1 and kind in ("phone", "mail"):
            phone = identifiers.mobile_phones(self.numbers, 1)
            return phone[0] if kind == "phone" else identifiers.mails(self.numbers, phone)[0]
        owner = int(world.vehicles.owner[vehicle]) if speaker is None else speaker
        people = world.customers
        own: dict[str, Callable[[], str]] = {
            "phone": lambda: people.phone[owner],
            "landline": lambda: identifiers.landline(self.numbers, CITIES[int(people.city[owner])]),
            "mail": lambda: people.mail[owner] or identifiers.mails(self.numbers, [people.phone[owner]])[0],
            "id_card": lambda: people.id_card[owner],
            "bank_card": lambda: identifiers.bank_card(self.numbers),
            "plate": lambda: world.vehicles.plate[vehicle],
            "vin": lambda: world.vehicles.vin[vehicle],
            "wechat": lambda: identifiers.wechat_id(self.numbers),
            "qq": lambda: identifiers.qq_number(self.numbers),
            "name": lambda: people.name[owner],
            "address": lambda: people.address[owner],
        }
        return own[kind]()

    def _written(self, kind: str, plain: str) -> tuple[str, str, str]:
        """(form, as written, stock rule) — phones are spaced, dashed or spoken as numerals at times."""
        if kind != "phone":
            return "plain", plain, kind
        roll = self.composer.rand()
        if self.channel == "call_center" and roll < 0.5:
            return "spoken", identifiers.spoken_number(plain), "phone_spoken"
        if roll < 0.55:
            return "written_numerals", identifiers.spoken_number(plain, written=True), "phone"
        if roll < 0.65:
            return "spaced", f"{plain[:3]} {plain[3:7]} {plain[7:]}", "phone"
        if roll < 0.72:
            return "dashed", f"{plain[:3]}-{plain[3:7]}-{plain[7:]}", "phone"
        return "plain", plain, "phone"
