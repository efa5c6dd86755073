"""What a correct warehouse must find: counted while the deliveries are written, kept outside them.

An oracle replays every physical record in order of receipt under the rules of docs/interfaces.md §3
(key, version, content) without reading a file back. Nothing here may be read by warehouse code.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

OUTCOMES = ("admitted", "duplicate", "superseded", "quarantined")


@dataclass(slots=True)
class Item:
    """One physical record to be delivered, with what the oracle must know about it.

    ``version`` is empty where the entity has none (then the receipt time is the version). ``event``
    is an ISO date, empty for channels whose event time is the receipt. ``reason`` is the class of
    damage, empty for a sound record. ``scores`` is (metric, scale, score) for survey answers.
    """

    day: int
    entity: str
    key: tuple[str, ...]
    line: bytes
    event: str = ""
    voice: str = ""
    version: str = ""
    deleted: bool = False
    reason: str = ""
    damaged_field: str = ""
    scores: tuple[str, str, int] | None = None
    late_by: int = 0


@dataclass(frozen=True)
class PlantedValue:
    """A personal identifier put into a text: its class, how it was written, and its plain form."""

    channel: str
    entity: str
    voice: str
    day: int
    pii_class: str
    form: str
    written: str
    plain: str


@dataclass(frozen=True)
class Damaged:
    """One damaged record of a file: its place in records and in lines, and the verdict it must get."""

    ordinal: int
    line_no: int
    reason: str
    field: str

    def row(self, channel: str, file: str, received_at: str) -> dict[str, str | int]:
        """Row of ``damaged.csv``."""
        return {
            "channel": channel,
            "file": file,
            "received_at": received_at,
            "line_no": self.line_no,
            "record_ordinal": self.ordinal,
            "reason": self.reason,
            "field": self.field,
        }


@dataclass
class DeliveryTruth:
    """Expected counts of one delivered file."""

    channel: str
    file: str
    entity: str
    received_at: str
    kind: str
    records_in: int = 0
    admitted: int = 0
    duplicate: int = 0
    superseded: int = 0
    quarantined: int = 0
    late: int = 0


@dataclass
class _Current:
    version: str
    line: bytes
    event: str
    voice: str
    deleted: bool
    scores: tuple[str, str, int] | None


@dataclass
class Oracle:
    """State per record key, counts per delivery."""

    deliveries: list[DeliveryTruth] = field(default_factory=list)
    damaged: list[dict[str, str | int]] = field(default_factory=list)
    planted: list[PlantedValue] = field(default_factory=list)
    groups: dict[str, int] = field(default_factory=dict)
    notes: dict[str, object] = field(default_factory=dict)
    _state: dict[str, dict[tuple[str, ...], _Current]] = field(default_factory=lambda: defaultdict(dict))

    def receive(
        self, channel: str, file: str, received_at: str, kind: str, items: Sequence[tuple[Item, int]]
    ) -> DeliveryTruth:
        """Judge the records of one file (item, physical line) and remember the result."""
        entity = items[0][0].entity if items else ""
        result = DeliveryTruth(channel, file, entity, received_at, kind, records_in=len(items))
        newest: dict[tuple[str, ...], str] = {}
        for item, _ in items:
            newest[item.key] = max(item.version, newest.get(item.key, ""))
        for ordinal, (item, line_no) in enumerate(items):
            result.late += item.late_by > 0
            outcome = self._judge(channel, item, received_at, newest[item.key])
            setattr(result, outcome, getattr(result, outcome) + 1)
            if outcome == "quarantined":
                verdict = Damaged(ordinal, line_no, item.reason, item.damaged_field)
                self.damaged.append(verdict.row(channel, file, received_at))
        self.deliveries.append(result)
        return result

    def receive_again(
        self, channel: str, file: str, received_at: str, items: Sequence[tuple[Item, int]]
    ) -> None:
        """Note the same bytes under another name: nothing is admitted, older versions stay superseded."""
        entity = items[0][0].entity
        state = self._state[f"{channel}.{entity}"]
        stale = sum(not item.reason and state[item.key].line != item.line for item, _ in items)
        again = DeliveryTruth(channel, file, entity, received_at, "redelivered", records_in=len(items))
        again.duplicate, again.superseded = len(items) - stale, stale
        self.deliveries.append(again)

    def _judge(self, channel: str, item: Item, received_at: str, newest: str) -> str:
        """Outcome of one record; ``newest`` is the newest version of its key in the same file."""
        if item.reason:
            return "quarantined"
        state = self._state[f"{channel}.{item.entity}"]
        current = state.get(item.key)
        version = item.version or received_at
        if current is not None:
            if current.line == item.line:
                return "duplicate"
            if version < current.version:
                return "superseded"
        if item.version < newest:
            return "superseded"
        event = item.event or received_at_date(received_at)
        state[item.key] = _Current(version, item.line, event, item.voice, item.deleted, item.scores)
        return "admitted"

    # -- results ----------------------------------------------------------------------------------
    def voice_days(self) -> dict[str, Counter[str]]:
        """Living voices per channel and voice day (the earliest event day of a voice's records)."""
        result: dict[str, Counter[str]] = {}
        for name, state in sorted(self._state.items()):
            first: dict[str, str] = {}
            for current in state.values():
                if current.voice and not current.deleted:
                    first[current.voice] = min(first.get(current.voice, "9999"), current.event)
            if first:
                result[name.split(".")[0]] = Counter(first.values())
        return result

    def scores(self) -> list[dict[str, str | int]]:
        """NPS (0–10 only) and CSAT (1–5 only) per submission day, as additive counts."""
        days: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for current in self._state["survey.response"].values():
            if current.scores is not None:
                metric, scale, score = current.scores
                days[(current.event, metric)].update(_score_counts(metric, scale, score))
        return [
            {"date": day, "metric": metric, **{k: counts[k] for k in _SCORE_COLUMNS}}
            for (day, metric), counts in sorted(days.items())
        ]

    def channel_totals(self) -> dict[str, dict[str, int]]:
        """Sum up per channel; re-delivered files are counted on their own."""
        totals: dict[str, Counter[str]] = defaultdict(Counter)
        for delivery in self.deliveries:
            row = totals[delivery.channel]
            row["deliveries"] += 1
            if delivery.kind == "redelivered":
                row["redelivered_files"] += 1
                row["redelivered_records"] += delivery.records_in
            row["records_in"] += delivery.records_in
            for name in (*OUTCOMES, "late"):
                row[name] += getattr(delivery, name)
        voices = self.voice_days()
        return {
            name: {**dict(sorted(row.items())), "voices": sum(voices.get(name, Counter()).values())}
            for name, row in sorted(totals.items())
        }

    def write(self, folder: Path) -> None:
        """Write ``truth.json`` and the row-level CSV files."""
        folder.mkdir(parents=True, exist_ok=True)
        _write_csv(folder / "deliveries_expected.csv", [asdict(d) for d in self.deliveries])
        _write_csv(folder / "damaged.csv", self.damaged)
        _write_csv(folder / "planted_pii.csv", [asdict(p) for p in self.planted])
        _write_csv(folder / "scores_by_day.csv", self.scores())
        _write_csv(
            folder / "template_groups.csv", [{"complaint_no": v, "group": g} for v, g in self.groups.items()]
        )
        voices = [
            {"channel": channel, "date": day, "voices": n}
            for channel, days in self.voice_days().items()
            for day, n in sorted(days.items())
        ]
        _write_csv(folder / "voices_by_day.csv", voices)
        summary = {"channels": self.channel_totals(), "planted_pii": self.pii_counts(), **self.notes}
        text = json.dumps(summary, ensure_ascii=False, indent=1, sort_keys=True)
        (folder / "truth.json").write_text(text + "\n", encoding="utf-8")

    def pii_counts(self) -> dict[str, dict[str, int]]:
        """Planted values per channel and class."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for value in self.planted:
            counts[value.channel][value.pii_class] += 1
        return {channel: dict(sorted(row.items())) for channel, row in sorted(counts.items())}


_SCORE_COLUMNS = ("n", "promoters", "passives", "detractors", "score_sum", "top2", "other_scale")


def _score_counts(metric: str, scale: str, score: int) -> dict[str, int]:
    if (metric, scale) == ("NPS", "0-10"):
        band = "promoters" if score >= 9 else "passives" if score >= 7 else "detractors"
        return {"n": 1, band: 1, "score_sum": score}
    if (metric, scale) == ("CSAT", "1-5"):
        return {"n": 1, "score_sum": score, "top2": int(score >= 4)}
    return {"other_scale": 1}


@lru_cache(maxsize=4096)
def received_at_date(received_at: str) -> str:
    """Shanghai date of a UTC time ``YYYY-MM-DDTHH:MM:SS.ffffffZ`` (no daylight saving, +8 h)."""
    return (datetime.strptime(received_at, "%Y-%m-%dT%H:%M:%S.%fZ") + timedelta(hours=8)).date().isoformat()  # noqa: DTZ007


def _write_csv(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as handle:
        if rows:
            writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
