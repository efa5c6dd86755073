"""Channel after channel: build, break, pack, write, judge — in one process or in several.

Every channel has streams of its own and is judged by itself, so the bytes do not depend on how many
processes share the work. What is kept of a channel is small: its manifest rows and its truths.
"""

from __future__ import annotations

import csv
import gc
import io
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from sample_oem.context import Context, VoiceTruth
from sample_oem.deliveries import Delivery, pack, write
from sample_oem.faults import inject
from sample_oem.registry import REGISTRY
from sample_oem.shapes_business import BUSINESS_CHANNELS, Calendar, deliver
from sample_oem.truth import DeliveryTruth, Oracle, PlantedValue
from sample_oem.voices.reported import RepairComposer
from sample_oem.voices.stories import topic_of

VOICE_TRUTH = "voice_truth.csv"


@dataclass(frozen=True)
class Produced:
    """What remains of one channel after its files are written."""

    channel: str
    manifest: list[tuple[str, str, str]]
    size: int
    deliveries: list[DeliveryTruth]
    damaged: list[dict[str, str | int]]
    planted: list[PlantedValue]
    groups: dict[str, int]
    voice_days: dict[str, Counter[str]]
    scores: list[dict[str, str | int]]
    voice_truth: bytes


class MergedOracle(Oracle):
    """The truths of all channels, each judged on its own."""

    def __init__(self, parts: Sequence[Produced], notes: dict[str, object]) -> None:
        super().__init__(notes=notes)
        for part in parts:
            self.deliveries += part.deliveries
            self.damaged += part.damaged
            self.planted += part.planted
            self.groups.update(part.groups)
        self.deliveries.sort(key=lambda d: (d.received_at, d.channel))
        self.damaged.sort(key=lambda row: (str(row["received_at"]), str(row["channel"])))
        self.parts = parts

    def voice_days(self) -> dict[str, Counter[str]]:
        """Living voices per channel and voice day."""
        return {name: days for part in self.parts for name, days in part.voice_days.items()}

    def scores(self) -> list[dict[str, str | int]]:
        """NPS and CSAT per submission day."""
        return [row for part in self.parts for row in part.scores]

    def write(self, folder: Path) -> None:
        """Write the truth files, and one row per voice to ``voice_truth.csv``."""
        super().write(folder)
        with (folder / VOICE_TRUTH).open("wb") as handle:
            handle.write((",".join(VoiceTruth._fields) + "\n").encode())
            for part in self.parts:
                handle.write(part.voice_truth)


_shared: tuple[Context, Path] | None = None


def produce(context: Context, channels: Sequence[str], out: Path, processes: int = 1) -> list[Produced]:
    """Write the files of the channels below ``out``; returns what remains, in the order of ``channels``.

    With several ``processes`` the world is shared by fork: nothing is copied but the results.
    """
    global _shared  # noqa: PLW0603 - handed to forked workers without pickling a whole world
    if processes <= 1:
        return [_produce(context, channel, out) for channel in channels]
    _shared = (context, out)
    heavy_first = sorted(channels, key=lambda name: -_weight(context, name))
    try:
        with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
            done = {part.channel: part for part in pool.map(_worker, heavy_first)}
    finally:
        _shared = None
    return [done[name] for name in channels]


def _worker(channel: str) -> Produced:
    assert _shared is not None  # noqa: S101 - set before the fork
    return _produce(_shared[0], channel, _shared[1])


def _weight(context: Context, channel: str) -> int:
    voices = context.happenings.voices.get(channel)
    return len(voices) if voices is not None else 0


def _produce(context: Context, channel: str, out: Path) -> Produced:
    """One channel from its rows to its files; the cyclic collector only costs time here."""
    context = Context(context.world, context.happenings, context.first_day, context.days, context.seed)
    if channel in BUSINESS_CHANNELS:
        return _produce_business(context, channel, out)
    collected = gc.isenabled()
    gc.disable()
    try:
        written = pack(context, channel, inject(context, channel, REGISTRY[channel].build(context)))
        oracle = Oracle()
        write(out, written, oracle)
        return _remains(context, channel, written, oracle)
    finally:
        if collected:
            gc.enable()


def _produce_business(context: Context, channel: str, out: Path) -> Produced:
    """One business channel: whole columns are written at once, so no record becomes an ``Item``."""
    folder = out / channel
    folder.mkdir(parents=True, exist_ok=True)
    rows, size, truths, damaged = [], 0, [], []
    for one in deliver(
        context.happenings, Calendar(context.first_day, context.days), channel, _workshop(context)
    ):
        (folder / one.path_name).write_bytes(one.payload)
        rows.append((channel, f"{channel}/{one.path_name}", one.received_text))
        size += len(one.payload)
        truths.append(one.truth)
        damaged += [row.row(channel, one.path_name, one.received_text) for row in one.damaged]
    return Produced(channel, rows, size, truths, damaged, [], {}, {}, [], b"")


def _workshop(context: Context) -> Callable[[int], tuple[str, str, str]]:
    """Words of the workshop about a problem: (what the customer says, cause, correction)."""
    composer = RepairComposer(context.world, "service", context.seed)
    problems = context.happenings.problems

    def note(problem: int) -> tuple[str, str, str]:
        if problem < 0:
            return "按里程保养", "", "更换机油机滤，常规检查"
        topic = topic_of(int(problems.aspect[problem]), int(problems.story[problem]))
        told = composer.repair(int(problems.vehicle[problem]), topic)
        return told.complaint, told.cause, told.correction

    return note


def _remains(context: Context, channel: str, written: list[Delivery], oracle: Oracle) -> Produced:
    scores = oracle.scores() if channel == "survey" else []
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(context.voice_truth)
    return Produced(
        channel,
        [(d.channel, f"{d.channel}/{d.path_name}", d.received_text) for d in written],
        sum(len(d.payload) for d in written),
        oracle.deliveries,
        oracle.damaged,
        context.planted,
        context.template_groups,
        oracle.voice_days(),
        scores,
        text.getvalue().encode(),
    )


def write_manifest(out: Path, parts: Sequence[Produced]) -> int:
    """Write ``deliveries.csv`` (channel, file, received_at) in order of receipt; returns the rows."""
    rows = sorted((row for part in parts for row in part.manifest), key=lambda row: (row[2], row[0]))
    with (out / "deliveries.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(("channel", "file", "received_at"))
        writer.writerows(rows)
    return len(rows)
