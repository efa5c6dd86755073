"""A handful of hand-written records: each test says in full who is who."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.identity.population import raw_table


class Records:
    """Rows of raw files, written one file per entity."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def add(
        self, channel: str, entity: str, record: str, day: str, *, version: int = 1, **fields: Any
    ) -> Records:
        at = datetime.fromisoformat(f"{day}T04:00:00")
        voice = fields.get("voice_id")
        row = {
            "record_id": record, "voice_id": voice, "version_key": f"{version:05d}",
            "content_hash": f"{record}{version}", "event_at": at, "event_basis": "source_time",
            "received_at": at + timedelta(hours=9), "is_deleted": fields.pop("is_deleted", False),
            "score_input_hash": "h" if voice else None, "text_keys": fields.pop("text_keys", None),
            "updated_at": at.strftime("%Y-%m-%d %H:%M:%S.%f"),
        }  # fmt: skip
        self._rows.setdefault((channel, entity), []).append(row | fields)
        return self

    def customer(self, name: str, phone: str | None, day: str = "2024-01-01", **fields: Any) -> Records:
        return self.add(
            "customers_vehicles",
            "customer",
            f"customer {name}",
            day,
            customer_key=name,
            phone_key=phone,
            **fields,
        )

    def owner(
        self, vin: str, name: str, start: str, end: str | None = None, relation: str = "车主"
    ) -> Records:
        return self.add(
            "customers_vehicles", "ownership", f"own {vin} {start} {name}", start, vin_key=vin, vin8_key=f"{vin}8",
            customer_key=name, owned_from_date=start, owned_until_date=end, owner_relation=relation,
        )  # fmt: skip

    def call(
        self,
        voice: str,
        day: str,
        *,
        phone: str | None = None,
        vin: str | None = None,
        customer: str | None = None,
    ) -> Records:
        return self.add(
            "call_center", "call", voice, day, voice_id=voice, call_no=voice, caller_phone_key=phone, vin_key=vin,
            customer_key=customer,
        )  # fmt: skip

    def write(self, folder: Path, name: str = "a") -> list[tuple[Path, str, str]]:
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for (channel, entity), rows in sorted(self._rows.items()):
            path = folder / f"{channel}__{entity}-{name}.parquet"
            pq.write_table(raw_table(rows), path)
            files.append((path, channel, entity))
        return files
