"""How a person shows up in a channel's own keys: customer number, phone, account.

Owners carry their own, strangers keys that are nobody else's, and advisers who pose as customers the
customer number of the owner in whose name they speak, but their own phone.
"""

from __future__ import annotations

import random
from functools import cached_property

from sample_oem.context import Context
from sample_oem.spoken import Row
from sample_oem.subjects import staff, staff_number

_STRANGE_PREFIXES = ("133", "147", "155", "176", "198")


class Keys:
    """Keys of the speakers of one channel; what strangers carry comes from the channel's dice."""

    def __init__(self, context: Context, rng: random.Random) -> None:
        self.context, self.rng = context, rng

    @cached_property
    def _staff_phones(self) -> dict[str, str]:
        return {s.number: s.phone for team in staff(self.context.happenings.business).values() for s in team}

    def named(self, row: Row) -> int:
        """Index of the owner in whose name something is said: the speaker, or whom staff pretend to be."""
        if row.staff >= 0:
            return int(self.context.world.vehicles.buyer[row.vehicle])
        return row.speaker

    def customer_no(self, row: Row) -> str:
        """Customer number given by the speaker; a stranger has none."""
        owner = self.named(row)
        return self.context.world.customers.number[owner] if owner >= 0 else ""

    def phone(self, row: Row) -> str:
        """Phone of the speaker; a stranger's is nobody else's."""
        if row.staff >= 0:
            return self._staff_phones[staff_number(row.staff)]
        if row.speaker >= 0:
            return self.context.world.customers.phone[row.speaker]
        return f"{self.rng.choice(_STRANGE_PREFIXES)}{self.rng.randrange(10**8):08d}"

    def app_account(self, row: Row) -> str:
        """Account of the speaker in the app: the world's own, or one that is bound to no car."""
        if row.speaker >= 0:
            return self.context.world.customers.app_user[row.speaker]
        return f"v{self.rng.randrange(16**10):010x}"
