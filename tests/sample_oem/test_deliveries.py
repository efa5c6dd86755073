"""The files against the contracts: an independent replay must arrive at the counts of the truth."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from sample_oem import CHANNELS, VOICE_CHANNELS, generate
from sample_oem.__main__ import main
from sample_oem.reader import csv_records, json_records, mail_records, payload, sheet_records

CONTRACTS = Path(__file__).parents[2] / "data_quality" / "contracts"


def _contract(channel: str) -> dict:
    return yaml.safe_load((CONTRACTS / f"{channel}.yml").read_text(encoding="utf-8"))


def _fits(field: dict, value: object) -> bool:
    if value is None or value == "":
        return not field.get("required")
    kind = field["type"]
    try:
        if kind == "integer":
            number = int(str(value))
            return field.get("min", number) <= number <= field.get("max", number)
        if kind == "decimal":
            if field.get("decimal_comma"):
                value = str(value).replace(".", "").replace(",", ".")
            return Decimal(str(value)) >= field.get("min", 0)
        if kind == "date":
            return date.fromisoformat(str(value)) is not None
        if kind == "datetime" and "date_format" in field:
            return datetime.strptime(str(value), field["date_format"]) is not None  # noqa: DTZ007
        if kind == "datetime":
            return datetime.fromisoformat(str(value)) is not None
        if kind == "epoch_ms":
            return isinstance(value, int)
        if kind == "boolean":
            return value is True or value is False or value in ("true", "false", "是", "否")
    except (ValueError, InvalidOperation):
        return False
    if "pattern" in field and not re.fullmatch(field["pattern"], str(value)):
        return False
    return not ("values" in field and value not in [str(v) for v in field["values"]])


def _sound(entity: dict, row: dict[str, object]) -> bool:
    broken = any(isinstance(v, str) and any("\udc80" <= c <= "\udcff" for c in v) for v in row.values())
    return not broken and all(_fits(field, _value(row, field)) for field in entity["fields"])


def _value(row: dict[str, object], field: dict) -> object:
    """The field's value: the first of its source names that is there, dotted names lead into objects."""
    names = field["source"] if isinstance(field["source"], list) else [field["source"]]
    for name in names:
        found: object = row
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if found is not None:
            return found
    return None


def _read(made, channel: str, file: str) -> tuple[str, list[tuple[int, dict[str, object] | None]]]:
    """Entity name and (line, row or None) of a delivery; None where the record has no readable shape."""
    contract = _contract(channel)
    path = made.out / file
    if contract["format"] == "jsonl":
        (entity,) = contract["entities"]
        return entity, [(n, v if isinstance(v, dict) else None) for n, v in json_records(path)]
    if contract["format"] == "mbox":
        return "mail", [(n, mail) for n, mail in mail_records(path)]
    if contract["format"] == "xlsx":
        (_, header), *records = sheet_records(path, contract["xlsx"]["sheet"])
        return "note", [(n, dict(zip(header, cells, strict=True))) for n, cells in records]
    delimiter = contract.get("csv", {}).get("delimiter", ",")
    (_, header), *records = csv_records(path, contract["encoding"], delimiter)
    entity = max(
        contract["entities"],
        key=lambda e: (
            sum(_names(f) <= set(header) for f in contract["entities"][e]["fields"])
            / len(contract["entities"][e]["fields"])
        ),
    )
    return entity, [
        (n, dict(zip(header, c, strict=True)) if len(c) == len(header) else None) for n, c in records
    ]


def _names(field: dict) -> set[str]:
    return set(field["source"]) if isinstance(field["source"], list) else {field["source"]}


def _version(row: dict[str, object], field: dict) -> str:
    """A version as it sorts: dates written day first are turned round."""
    text = str(_value(row, field))
    if "date_format" in field:
        return datetime.strptime(text, field["date_format"]).isoformat()  # noqa: DTZ007
    return text


@pytest.mark.parametrize("channel", VOICE_CHANNELS)
def test_independent_replay_finds_the_expected_counts(made, channel: str) -> None:
    contract = _contract(channel)
    expected = [r for r in made.rows("deliveries_expected.csv") if r["channel"] == channel]
    damaged = {(r["file"], int(r["line_no"])) for r in made.rows("damaged.csv") if r["channel"] == channel}
    state: dict[tuple, tuple[str, tuple]] = {}
    found_damage: set[tuple[str, int]] = set()
    assert expected
    for row in expected:
        if row["kind"] == "redelivered":
            continue
        name, records = _read(made, channel, f"{channel}/{row['file']}")
        entity, counts = contract["entities"][name], Counter()
        source = {f["name"]: f for f in entity["fields"]}
        sound = [(n, r) for n, r in records if r is not None and _sound(entity, r)]
        broken = {n for n, _ in records} - {n for n, _ in sound}
        counts["quarantined"] = len(broken)
        found_damage |= {(row["file"], n) for n in broken}
        newest: dict[tuple, str] = {}
        for _, record in sound:
            key = (name, *(str(_value(record, source[k])) for k in entity["record_key"]))
            version_field = entity.get("version_field")
            newest[key] = max(
                _version(record, source[version_field]) if version_field else "", newest.get(key, "")
            )
        for _, record in sound:
            key = (name, *(str(_value(record, source[k])) for k in entity["record_key"]))
            version_field = entity.get("version_field")
            version = _version(record, source[version_field]) if version_field else row["received_at"]
            content = tuple(str(v) for v in record.values())
            known = state.get(key)
            if known and known[1] == content:
                counts["duplicate"] += 1
            elif (known and version < known[0]) or (version_field and version < newest[key]):
                counts["superseded"] += 1
            else:
                counts["admitted"] += 1
                state[key] = (version, content)
        wanted = {k: int(row[k]) for k in ("admitted", "duplicate", "superseded", "quarantined")}
        assert {k: counts[k] for k in wanted} == wanted, row["file"]
        assert len(records) == int(row["records_in"])
    assert found_damage == damaged


def test_manifest_names_every_file_and_times_never_go_back(made) -> None:
    manifest = made.manifest()
    on_disk = {str(p.relative_to(made.out)) for p in made.out.rglob("*") if p.is_file()} - {"deliveries.csv"}
    assert {r["file"] for r in manifest} == on_disk
    times = [r["received_at"] for r in manifest]
    assert times == sorted(times)
    assert times[-1] < "2026-03-31T16:00:00"
    assert {r["channel"] for r in manifest} == set(CHANNELS)


def test_same_arguments_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    files = {}
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        generate(
            tmp_path / name / "d", tmp_path / name / "t", days=6, seed=seed, owners=150, voices_per_day=40
        )
        base = tmp_path / name
        files[name] = {str(p.relative_to(base)): p.read_bytes() for p in base.rglob("*") if p.is_file()}
    assert files["a"] == files["b"]
    assert files["a"] != files["c"]


def _all_text(made, channel: str) -> str:
    """Every value of every readable record of a channel, undone from its layout's quoting."""
    texts = []
    for row in made.manifest():
        if row["channel"] == channel:
            _, records = _read(made, channel, row["file"])
            texts += [_flat(record) for _, record in records if record is not None]
    return "\n".join(texts)


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(map(_flat, value.values()))
    return "\n".join(map(_flat, value)) if isinstance(value, list) else str(value)


def test_planted_identifiers_stand_in_the_delivered_texts(made) -> None:
    planted = made.rows("planted_pii.csv")
    texts = {channel: _all_text(made, channel) for channel in {r["channel"] for r in planted}}
    missing = [r for r in planted if r["written"] not in texts[r["channel"]]]
    assert len({r["pii_class"] for r in planted}) >= 10
    assert len(planted) > 40
    # Records due after the last day are written down but never delivered.
    assert len(missing) <= 0.03 * len(planted)
    assert any(r["form"] == "spoken" for r in planted)


def test_days_that_lose_their_only_record(made) -> None:
    notes = yaml.safe_load((made.truth / "truth.json").read_text(encoding="utf-8"))
    voices = {(r["channel"], r["date"]) for r in made.rows("voices_by_day.csv")}
    for channel, day in notes["emptied_days"].items():
        assert (channel, day) not in voices
    complaints = b"".join(payload(p) for p in sorted((made.out / "complaint_site").iterdir()))
    assert complaints.count(notes["emptied_days"]["complaint_site"].replace("-", "").encode() + b"1015") == 2


def test_bad_day_is_missing_and_recovered_two_days_later(made) -> None:
    bad = yaml.safe_load((made.truth / "truth.json").read_text(encoding="utf-8"))["bad_day"]
    rows = [r for r in made.rows("deliveries_expected.csv") if r["channel"] == bad["channel"]]
    named = [r for r in rows if bad["event_date"].replace("-", "") in r["file"].split("__")[1]]
    assert [r["kind"] for r in named] == ["recovered"]
    gap = date.fromisoformat(named[0]["received_at"][:10]) - date.fromisoformat(bad["event_date"])
    assert gap.days == 2  # 18:50 UTC two days on is the third morning in Shanghai


def test_scores_count_only_their_own_scales(made) -> None:
    rows = made.rows("scores_by_day.csv")
    nps = [r for r in rows if r["metric"] == "NPS"]
    assert sum(int(r["other_scale"]) for r in rows) > 0
    assert all(int(r["n"]) == int(r["promoters"]) + int(r["passives"]) + int(r["detractors"]) for r in nps)


def test_truth_is_never_inside_the_deliveries(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--out", str(tmp_path / "d"), "--truth", str(tmp_path / "d" / "t")])
    assert result.exit_code == 2
    assert "must lie outside" in result.output


def test_one_large_day_after_a_small_history(tmp_path: Path) -> None:
    made = generate(tmp_path / "d", tmp_path / "t", days=3, owners=300, voices_per_day=[20, 20, 900])
    with (tmp_path / "t" / "voices_by_day.csv").open(encoding="utf-8") as handle:
        days = Counter()
        for row in csv.DictReader(handle):
            days[row["channel"]] += int(row["voices"])
    assert 700 < sum(days.values()) < 1200
    assert made.channels["forum"]["voices"] > 80
