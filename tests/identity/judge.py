"""Judges the identity graph on the planted world of `sample_oem`: found persons against its truth files.

A fresh world is generated, landed and admitted as any carmaker's deliveries are, then linked; scores are
not needed for that. The truth folder is read here and nowhere in the warehouse. As a command:
`python -m tests.identity.judge [SEED …] [--owners N] [--days N] [--scenario NAME]` prints the table.
The confusions the world does not plant (slips of the pen, staff who pose, numbers handed on, agents'
phones) are those of `population`.
"""

from __future__ import annotations

import argparse
import csv
import resource
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import pyarrow.parquet as pq

from ml.identity.graph import read_result
from orchestration.admission.admit import admit_pending
from orchestration.admission.keys import Keys
from orchestration.admission.ledger import Ledger
from orchestration.admission.pseudonym import normalise
from orchestration.linking import link_pending
from orchestration.settings import Settings
from sample_oem import CHANNELS, generate
from tests.identity.measure import Pairs, compare
from tests.support.home import Home, Warm, read_manifest

END = date(2026, 3, 31)
# Channels that say nothing of persons: leaving them out saves half of the admission.
SILENT = {"connected_car", "parts", "finance_books", "news", "media_comments"}
Row = dict[str, str]


@dataclass(frozen=True)
class Voice:
    """Who truly spoke (`owner 12`, `prospect …`, `staff …`, `stranger …`) about which car, in which channel."""

    person: str
    channel: str
    vin_key: str | None
    is_public: bool


@dataclass(frozen=True)
class Verdict:
    """How right one world was linked. Pairs are of voices, and of identifiers (phone, mail, account …)."""

    seed: int
    voices: int
    linked: int
    inner: Pairs
    overall: Pairs
    keys: Pairs
    vehicles: tuple[int, int]
    misplaced: Mapping[str, int]
    by_channel: Mapping[str, tuple[int, int, int]]
    cpu_seconds: Mapping[str, float]

    def lines(self) -> Iterator[str]:
        """Tell the verdict in lines for a person."""
        named, right = self.vehicles
        yield f"seed {self.seed}: {self.linked} of {self.voices} voices linked"
        yield f"  voices, inner channels   precision {self.inner.precision:.4f}  recall {self.inner.recall:.4f}"
        yield f"  voices, with public ones precision {self.overall.precision:.4f}  recall {self.overall.recall:.4f}"
        yield f"  identifiers              precision {self.keys.precision:.4f}  recall {self.keys.recall:.4f}"
        yield f"  cars named               {named}, right {right / max(named, 1):.4f}"
        yield f"  wrong pairs by cause     {_pairs(self.overall.wrong_by_cause) or 'none'}"
        yield f"  voices misplaced         {dict(self.misplaced) or 'none'}"
        yield "  channel            voices  linked  right"
        for channel, (voices, linked, good) in self.by_channel.items():
            yield f"  {channel:<18}{voices:>7}{linked:>8}{good:>7}"
        yield "  CPU seconds              " + ", ".join(f"{n} {s:.1f}" for n, s in self.cpu_seconds.items())


def judge(root: Path, seed: int, owners: int = 2000, days: int = 25, scenario: str = "base") -> Verdict:
    """Make a world under `root`, bring it up to the step `link`, and compare persons with the truth."""
    spent: dict[str, float] = {}
    start = _cpu()
    channels = [name for name in CHANNELS if name not in SILENT]
    generate(
        root / "deliveries",
        root / "truth",
        days,
        END,
        seed,
        owners,
        channels=channels,
        scenario=scenario,
    )
    spent["generate"], start = _cpu() - start, _cpu()
    home = Home.create(root, Warm(root))
    home.land(read_manifest(root / "deliveries"))
    admit_pending(home.settings, END)
    spent["admit"], start = _cpu() - start, _cpu()
    with Ledger.open(home.settings) as ledger:
        link_pending(home.settings, ledger)
    spent["link"] = _cpu() - start
    return verdict(home.settings, root / "truth", seed, spent)


def verdict(settings: Settings, truth: Path, seed: int, spent: Mapping[str, float]) -> Verdict:
    """Compare the linked home with the truth folder of its world."""
    world = World(settings, truth)
    results = read_result(settings.identity_folder, "voice_link").to_pylist()
    found = {row["feedback_id"]: row for row in results if row["feedback_id"] in world.voices}
    persons = {voice: row["person_id"] for voice, row in found.items() if row["person_id"]}
    misplaced = world.misplaced(persons)
    told = {
        voice: (one.person, misplaced.get(voice, "in their place")) for voice, one in world.voices.items()
    }
    inner = {voice: who for voice, who in told.items() if not world.voices[voice].is_public}
    named = {voice: row["vin_key"] for voice, row in found.items() if row["vin_key"]}
    cars = [vin == world.voices[voice].vin_key for voice, vin in named.items() if world.voices[voice].vin_key]
    return Verdict(
        seed,
        len(told),
        len(persons),
        compare({voice: person for voice, person in persons.items() if voice in inner}, inner),
        compare(persons, told),
        world.identifier_pairs(),
        (len(cars), sum(cars)),
        dict(Counter(misplaced.values()).most_common()),
        _by_channel(world.voices, persons, misplaced),
        spent,
    )


class World:
    """The truth of a sample carmaker in the pseudonyms of a home."""

    def __init__(self, settings: Settings, truth: Path) -> None:
        self.settings, self.truth = settings, truth
        self.keys = Keys.load(settings.keys_path)
        self.people = self._rows("world/truth_person.csv")
        self.cars = self._rows("world/truth_vehicle.csv")

    @cached_property
    def voices(self) -> dict[str, Voice]:
        """Every admitted voice whose speaker the truth knows, by feedback id."""
        admitted = {one for _, table in self._raw() for one in table}
        told = dict(self._told())
        return {voice: one for voice, one in told.items() if voice in admitted}

    def misplaced(self, persons: Mapping[str, str]) -> dict[str, str]:
        """Return the voices that stand in another person's cluster, each with what led it there."""
        clusters: dict[str, list[str]] = defaultdict(list)
        for voice, person in persons.items():
            clusters[person].append(voice)
        found = {}
        for voices in clusters.values():
            right, _ = Counter(sorted(self.voices[voice].person for voice in voices)).most_common(1)[0]
            for voice in voices:
                if self.voices[voice].person != right:
                    found[voice] = self._cause(self.voices[voice], right)
        return found

    def identifier_pairs(self) -> Pairs:
        """Compare the identifiers of every owner (customer number, phone, mail, account) with their persons.

        A number that two owners share is no evidence about either and is left out; it must name nobody.
        """
        owners: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in self.people:
            for domain, pii, value in (
                ("customer", "customer_no", row["customer_no"]),
                ("phone", "phone", row["phone"]),
                ("mail", "mail", row["mail"]),
                ("account", "app_account", row["app_user_id"]),
            ):
                if value:
                    owners[domain, self._key(pii, value)].add(row["owner"])
        truth = {":".join(key): (min(who), key[0]) for key, who in owners.items() if len(who) == 1}
        held: dict[str, set[str]] = defaultdict(set)
        for row in read_result(self.settings.identity_folder, "key_person").to_pylist():
            held[f"{row['domain']}:{row['key']}"].add(row["person_id"])
        return compare(
            {
                key: min(who)
                for key, who in held.items()
                if len(who) == 1 and None not in who and key in truth
            },
            {key: who for key, who in truth.items() if key in held},
        )

    def _told(self) -> Iterator[tuple[str, Voice]]:
        yield from self._of_channels()
        for (channel, entity), place, tell in (
            (("survey", "response"), "invitation_no", self._invited()),
            (("service", "repair_line"), "visit_no", self._repaired()),
        ):
            for voice, number in self._column(channel, entity, place):
                if number in tell:
                    owner, car = tell[number]
                    yield voice, Voice(f"owner {owner}", channel, self._vin(car), is_public=False)

    def _of_channels(self) -> Iterator[tuple[str, Voice]]:
        public = {name for name in self.settings.channels if _is_outer(self.settings, name)}
        for number, row in enumerate(self._rows("voice_truth.csv")):
            channel, voice = row["channel"], row["voice"]
            parts = voice.split("/", 1) if channel == "social_media" else [voice]
            is_public = channel in public
            feedback_id = self.keys.identifier("feedback", channel, *parts)
            person = self._speaker(row, number, is_public)
            if int(row["speaker"]) < 0:
                person = self._prospects.get(feedback_id, person)
            yield feedback_id, Voice(person, channel, self._vin(row["vehicle"]), is_public)

    @cached_property
    def _prospects(self) -> dict[str, str]:
        """Whose lead a note about one is, by the phone the lead was written down with."""
        owners: dict[str, set[str]] = defaultdict(set)
        for row in self.people:
            owners[self._key("phone", row["phone"])].add(f"owner {row['owner']}")
        phones = {
            lead: phone
            for path in sorted(self.settings.raw.glob("crm/*/lead-*.parquet"))
            for lead, phone in self._columns(path, "lead_no", "phone_key")
            if phone
        }
        notes = self._column("dealer_note", "note", "lead_no")
        told = ((voice, phones[lead]) for voice, lead in notes if lead in phones)
        return {
            voice: min(owners[phone]) if phone in owners else f"prospect {phone}" for voice, phone in told
        }

    def _speaker(self, row: Row, number: int, is_public: bool) -> str:
        """Say who spoke, with the owner at the end for a voice nobody is planted behind.

        The inner channels write such a voice on the record of the car's owner (customer number, phone,
        account), so the record and the truth of the person are that owner.
        """
        if row["speaker_role"] in ("adviser", "bot") and row["channel"] == "private_group":
            return f"staff {number}"
        if int(row["speaker"]) >= 0:
            return f"owner {row['speaker']}"
        if is_public or row["speaker_role"] == "rival_owner":
            return f"stranger {number}"
        car = self.cars[int(row["vehicle"])]
        is_handed = int(car["next_owner"]) >= 0 and "" < car["handed_date"] < END.isoformat()
        return f"owner {car['next_owner' if is_handed else 'buyer']}"

    def _invited(self) -> dict[str, tuple[str, str]]:
        rows = self._rows("world/truth_invitation.csv")
        return {
            f"INV{row['date'].replace('-', '')}{int(row['invitation']):07d}": (row["owner"], row["vehicle"])
            for row in rows
        }

    def _repaired(self) -> dict[str, tuple[str, str]]:
        problems = {row["problem"]: row for row in self._rows("world/truth_problem.csv")}
        return {
            row["visit_no"]: (problems[row["problem"]]["owner"], problems[row["problem"]]["vehicle"])
            for row in self._rows("world/truth_repair_cause.csv")
        }

    def _cause(self, voice: Voice, right: str) -> str:
        """Name what two persons have in common that may have misled: first the phone, then the car."""
        kind, _, number = voice.person.partition(" ")
        if kind != "owner":
            return f"{kind} in an owner's place"
        one, other = self.people[int(number)], self.people[int(right.partition(" ")[2])]
        if one["household"] == other["household"]:
            return "household phone"
        pair = {one["owner"], other["owner"]}
        if any({car["buyer"], car["next_owner"]} == pair for car in self.cars):
            return "used car"
        return "no relation"

    def _vin(self, car: str) -> str | None:
        return self._key("vin", self.cars[int(car)]["vin"]) if int(car) >= 0 else None

    def _key(self, pii: str, value: str) -> str:
        return self.keys.pseudonym(*normalise(pii, value))

    def _rows(self, name: str) -> list[Row]:
        with (self.truth / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def _raw(self, channel: str = "*", entity: str = "*") -> Iterator[tuple[Path, list[str]]]:
        for path in sorted(self.settings.raw.glob(f"{channel}/*/{entity}-*.parquet")):
            column = pq.read_table(path, columns=["voice_id"])["voice_id"]
            yield path, [one for one in column.to_pylist() if one]

    def _column(self, channel: str, entity: str, name: str) -> Iterable[tuple[str, str]]:
        for path in sorted(self.settings.raw.glob(f"{channel}/*/{entity}-*.parquet")):
            yield from self._columns(path, "voice_id", name)

    @staticmethod
    def _columns(path: Path, *names: str) -> Iterable[tuple[str, str]]:
        table = pq.read_table(path, columns=list(names))
        return zip(*(table[name].to_pylist() for name in names), strict=True)


def _is_outer(settings: Settings, channel: str) -> bool:
    from orchestration.contracts import channel_contract

    return channel_contract(settings, channel).attributes.get("loop") == "outer"


def _by_channel(
    voices: Mapping[str, Voice], persons: Mapping[str, str], misplaced: Mapping[str, str]
) -> dict[str, tuple[int, int, int]]:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for voice, one in voices.items():
        row = counts[one.channel]
        row[0] += 1
        row[1] += voice in persons
        row[2] += voice in persons and voice not in misplaced
    return {name: (a, b, c) for name, (a, b, c) in sorted(counts.items())}


def _pairs(wrong: Mapping[tuple[str, str], int]) -> str:
    return ", ".join(f"{' × '.join(cause)}: {count}" for cause, count in wrong.items())


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge fresh worlds and print what was found; 1 if a precision is below 0.99."""
    parser = argparse.ArgumentParser(prog="python -m tests.identity.judge", description=__doc__)
    parser.add_argument("seeds", nargs="*", type=int, default=[101, 202, 303])
    parser.add_argument("--owners", type=int, default=2000)
    parser.add_argument("--days", type=int, default=25)
    parser.add_argument("--scenario", default="base")
    given = parser.parse_args(arguments)
    is_good = True
    for seed in given.seeds:
        with tempfile.TemporaryDirectory(prefix="voc-judge-") as folder:
            found = judge(Path(folder), seed, given.owners, given.days, given.scenario)
        print(*found.lines(), sep="\n", flush=True)
        is_good &= found.overall.precision >= 0.99
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
