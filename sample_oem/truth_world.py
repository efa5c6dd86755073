"""The world's own truth as files: who is who, what is planted, which trouble lies behind which record.

Written beside the counts of ``truth`` and read by tests and benchmarks alone.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from sample_oem import truth_totals
from sample_oem.business.contacts import pilot_cities
from sample_oem.business.frames import Scene
from sample_oem.business.surveys import INSTRUMENTS
from sample_oem.catalogue import ASPECTS
from sample_oem.events import Happenings
from sample_oem.models import COMPONENTS, INCOMES, KINDS, MODELS
from sample_oem.places import CITIES
from sample_oem.scenarios import STORIES
from sample_oem.world import World

CODES = np.array([a.code for a in ASPECTS])
STORY_CODES = np.array([*STORIES, ""])


def write_world(
    folder: Path, world: World, happenings: Happenings, first_day: np.datetime64, days: int
) -> None:
    """Write every truth table of the world into ``folder``; ``days`` is the length of the window."""
    folder.mkdir(parents=True, exist_ok=True)
    start = int(first_day.astype(int))
    _people(folder, world)
    _cars(folder, world)
    _latent(folder, world)
    _problems(folder, happenings, start)
    _voices(folder, happenings)
    _answers(folder, happenings, start)
    totals = truth_totals.rows(happenings.business, first_day, days)
    _write(folder / "truth_total_month.csv", truth_totals.HEADER, totals)
    for name, frame in happenings.business.truth.items():
        _write(
            folder / f"truth_{name}.csv",
            tuple(frame),
            zip(*(c.tolist() for c in frame.values()), strict=True),
        )
    planted = {
        "planted": asdict(world.planted),
        "windows": {k: [str(a), str(b)] for k, (a, b) in sorted(world.life.windows.items())},
        "pilot_cities": {
            "ota": [CITIES[n].name for n in np.flatnonzero(world.life.ota.is_pilot)],
            "x08": [
                CITIES[n].name for n in np.flatnonzero(pilot_cities(Scene(world.streams, world, start, days)))
            ],
        },
        "latent_sd": float(np.nanstd(world.life.latent)),
        "latent_mean": float(np.nanmean(world.life.latent)),
    }
    text = json.dumps(planted, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / "truth_planted.json").write_text(text + "\n", encoding="utf-8")


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _people(folder: Path, world: World) -> None:
    people = world.customers
    header = (
        "owner",
        "customer_no",
        "phone",
        "mail",
        "app_user_id",
        "household",
        "income",
        "kind",
        "is_silent",
        "left_date",
    )
    left = world.life.left.astype("datetime64[D]").astype(str)
    left = np.where(world.life.left > 100_000, "", left)
    rows = zip(
        range(len(people.number)),
        people.number,
        people.phone,
        people.mail,
        people.app_user,
        people.household.tolist(),
        [INCOMES[i] for i in people.income],
        [KINDS[i] for i in people.kind],
        people.is_silent.astype(int).tolist(),
        left.tolist(),
        strict=True,
    )
    _write(folder / "truth_person.csv", header, rows)


def _cars(folder: Path, world: World) -> None:
    cars = world.vehicles
    header = (
        "vehicle",
        "vin",
        "plate",
        "model",
        "buyer",
        "next_owner",
        "handed_date",
        "is_bad_lot",
        "suppliers",
    )
    handed = np.where(cars.handed.astype(int) > 100_000, "", cars.handed.astype(str))
    suppliers = [
        " ".join(COMPONENTS[n].suppliers[v] for n, v in enumerate(row)) for row in cars.supplier.tolist()
    ]
    rows = zip(
        range(len(cars.vin)),
        cars.vin,
        cars.plate,
        [MODELS[m].code for m in cars.model],
        cars.buyer.tolist(),
        cars.next_owner.tolist(),
        handed.tolist(),
        cars.is_bad_lot.astype(int).tolist(),
        suppliers,
        strict=True,
    )
    _write(folder / "truth_vehicle.csv", header, rows)


def _latent(folder: Path, world: World) -> None:
    starts = world.life.start.astype("datetime64[D]").astype(str).tolist()
    rows = (
        (owner, *("" if np.isnan(v) else f"{v:.3f}" for v in path))
        for owner, path in enumerate(world.life.latent)
    )
    _write(folder / "truth_latent.csv", ("owner", *starts), rows)


def _problems(folder: Path, happenings: Happenings, start: int) -> None:
    p = happenings.problems
    header = ("problem", "date", "vehicle", "owner", "aspect", "severity", "story", "is_case", "is_resolved")
    days = (p.day + start).astype("datetime64[D]").astype(str).tolist()
    rows = zip(
        range(len(p)),
        days,
        p.vehicle.tolist(),
        p.owner.tolist(),
        CODES[p.aspect].tolist(),
        p.severity.tolist(),
        STORY_CODES[p.story].tolist(),
        p.is_case.astype(int).tolist(),
        p.is_resolved.astype(int).tolist(),
        strict=True,
    )
    _write(folder / "truth_problem.csv", header, rows)


def _voices(folder: Path, happenings: Happenings) -> None:
    header = (
        "channel",
        "row",
        "day",
        "vehicle",
        "speaker",
        "aspect",
        "polarity",
        "problem",
        "story",
        "campaign",
        "repost_of",
    )
    rows = (
        (name, n, *row)
        for name, v in sorted(happenings.voices.items())
        for n, row in enumerate(
            zip(
                v.day.tolist(),
                v.vehicle.tolist(),
                v.speaker.tolist(),
                CODES[v.aspect].tolist(),
                v.polarity.tolist(),
                v.problem.tolist(),
                STORY_CODES[v.story].tolist(),
                v.campaign.tolist(),
                v.repost_of.tolist(),
                strict=True,
            )
        )
    )
    _write(folder / "truth_voice_row.csv", header, rows)


def _answers(folder: Path, happenings: Happenings, start: int) -> None:
    sent = happenings.invitations
    header = (
        "invitation",
        "date",
        "vehicle",
        "owner",
        "instrument",
        "wave",
        "answered",
        "felt",
        "told",
        "is_coached",
        "is_probe",
        "is_repeat",
        "first",
    )
    days = (sent.day + start).astype("datetime64[D]").astype(str).tolist()
    rows = zip(
        range(len(sent)),
        days,
        sent.vehicle.tolist(),
        sent.owner.tolist(),
        [INSTRUMENTS[t] for t in sent.touchpoint],
        sent.wave.tolist(),
        sent.answered.astype(int).tolist(),
        sent.felt.round(3).tolist(),
        sent.latent.round(3).tolist(),
        sent.is_coached.astype(int).tolist(),
        sent.is_probe.astype(int).tolist(),
        sent.is_repeat.astype(int).tolist(),
        sent.first.tolist(),
        strict=True,
    )
    _write(folder / "truth_invitation.csv", header, rows)
