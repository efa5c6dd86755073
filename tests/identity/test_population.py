"""On made-up populations: how right the persons are, and that the order of deliveries does not matter."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.identity.conftest import Linking
from tests.identity.measure import Pairs, compare
from tests.identity.population import Population

PEOPLE = 2500
SEEDS = (11, 12, 13)
Make = Callable[..., Linking]


def measured(one: Linking, population: Population) -> Pairs:
    found = {row["feedback_id"]: row["person_id"] for row in one.rows("voice_link") if row["person_id"]}
    assert len(found) > 2000
    return compare(found, population.truth)


@pytest.mark.parametrize("seed", SEEDS)
def test_persons_are_right(linking: Make, tmp_path: Path, seed: int, record_property: Callable) -> None:
    """Pairwise precision ≥ 0.99; recall is told, and the wrong pairs by what caused them."""
    population = Population(PEOPLE, seed)
    one = linking()
    one.run(population.write(tmp_path / "raw"))
    pairs = measured(one, population)
    inner = {voice: who for voice, who in population.truth.items() if who[1] != "public post"}
    found = {v: row["person_id"] for v, row in one.voices().items() if row["person_id"] and v in inner}
    recall = compare(found, inner).recall
    report = f"precision {pairs.precision:.4f}, recall {recall:.4f} (with public posts {pairs.recall:.4f})"
    print(f"\nseed {seed}: {report}; wrong pairs by cause: {pairs.wrong_by_cause}")
    record_property("identity", report)
    assert pairs.precision >= 0.99, pairs.wrong_by_cause
    assert recall >= 0.6, report


def test_staff_cars_and_owners_are_right(linking: Make, tmp_path: Path) -> None:
    population = Population(PEOPLE, SEEDS[0])
    one = linking()
    one.run(population.write(tmp_path / "raw"))
    voices = one.voices()
    posing = [voice for voice, (_, cause) in population.truth.items() if cause == "staff posing"]
    assert len(posing) > 50
    assert all(voices[voice]["is_staff_suspected"] and not voices[voice]["person_id"] for voice in posing)
    suspected = [voice for voice, row in voices.items() if row["is_staff_suspected"]]
    assert set(suspected) == set(posing)
    named = {v: row["vin_key"] for v, row in voices.items() if row["vin_key"] and v in population.car_truth}
    assert len(named) > 700
    assert sum(population.car_truth[v] == vin for v, vin in named.items()) / len(named) >= 0.99
    assert not any(row["person_id"] for v, row in voices.items() if population.truth[v][1] == "public post")
    owners = {(r["vin_key"], r["customer_key"]): r for r in one.rows("vehicle_owner")}
    cars = [(vin, p) for p in population.people for vin, _, last in p.cars if last is not None]
    assert len(cars) > 50
    for vin, seller in cars:
        rows = [r for (car, _), r in owners.items() if car == vin]
        assert len({r["person_id"] for r in rows}) == 2, (vin, seller.number)


def test_the_order_of_deliveries_does_not_matter(linking: Make, tmp_path: Path) -> None:
    """One pass over all files, one file after the other, and shuffled batches end in the same rows."""
    files = Population(250, 5).write(tmp_path / "raw", parts=3)
    at_once = linking("at once")
    at_once.run(files)
    expected = at_once.results()
    assert len(expected["voice_link"]) > 300
    for seed in range(2):
        shuffled = list(files)
        random.Random(seed).shuffle(shuffled)
        step_by_step = linking(f"shuffled {seed}")
        for end in range(11, len(shuffled) + 11, 11):
            step_by_step.run(shuffled[:end])
        assert step_by_step.results() == expected, seed


def test_a_file_that_goes_takes_its_keys_along(linking: Make, tmp_path: Path) -> None:
    files = Population(200, 6).write(tmp_path / "raw", parts=2)
    whole, less = linking("whole"), linking("less")
    whole.run(files)
    fewer = [one for one in files if "customers_vehicles__customer-001" not in one[0].name]
    assert len(fewer) == len(files) - 1
    counts = whole.run(fewer)
    assert counts.new_files == len(fewer)
    less.run(fewer)
    assert whole.results() == less.results()


def test_a_second_pass_reads_nothing_and_writes_the_same(linking: Make, tmp_path: Path) -> None:
    files = Population(200, 7).write(tmp_path / "raw")
    one = linking()
    one.run(files)
    before = one.results()
    ordered = {name: (one.folder / f"{name}.parquet").read_bytes() for name in ("person", "key_person")}
    assert one.run(files).new_files == 0
    assert one.results() == before
    assert all((one.folder / f"{name}.parquet").read_bytes() == data for name, data in ordered.items())
