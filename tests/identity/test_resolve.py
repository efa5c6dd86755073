"""Whose key is it, on small hand-written pasts: each rule of docs/identity.md with its counter-case."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ml.identity import evidence, graph
from ml.identity.evidence import EvidenceError, Source, load_rules, read_sightings
from ml.identity.resolve import Decision
from ml.identity.state import StateError
from ml.lexicon import content_version
from tests.identity.conftest import PUBLIC, Linking
from tests.identity.small import Records

Make = Callable[..., Linking]


def linked(make: Make, tmp_path: Path, records: Records, policy: Any = PUBLIC) -> Linking:
    one = make()
    one.run(records.write(tmp_path / "raw"), policy)
    return one


def person_of(one: Linking, domain: str, key: str) -> set[str | None]:
    return {
        row["person_id"] for row in one.rows("key_person") if (row["domain"], row["key"]) == (domain, key)
    }


def test_a_phone_on_record_names_its_customer(linking: Make, tmp_path: Path) -> None:
    one = linked(
        linking,
        tmp_path,
        Records().customer("A", "P1").customer("B", "P2").call("v", "2024-05-01", phone="P1"),
    )
    voice = one.voices()["v"]
    assert {voice["person_id"]} == person_of(one, "customer", "A") != person_of(one, "customer", "B")
    assert (voice["customer_key"], voice["link_method"]) == ("A", "phone")
    assert 0.85 < voice["confidence"] <= 0.97


def test_a_shared_phone_joins_a_household_and_nobody_alone(linking: Make, tmp_path: Path) -> None:
    records = Records().customer("A", "P").customer("B", "P").owner("V1", "A", "2024-01-01")
    records.call("alone", "2024-05-01", phone="P").call("with car", "2024-05-02", phone="P", vin="V1")
    one = linked(linking, tmp_path, records)
    voices = one.voices()
    assert person_of(one, "customer", "A") != person_of(one, "customer", "B")
    assert voices["alone"]["person_id"] is None
    assert voices["alone"]["is_ambiguous"]
    assert voices["alone"]["household_id"]
    assert voices["alone"]["link_method"] == "phone_household"
    assert voices["with car"]["customer_key"] == "A"
    assert voices["with car"]["link_method"] == "phone_narrowed"
    assert voices["with car"]["household_id"] == voices["alone"]["household_id"]
    houses = {row["household_id"] for row in one.rows("person")}
    assert houses == {voices["alone"]["household_id"]}


def test_a_number_handed_on_belongs_to_each_in_turn(linking: Make, tmp_path: Path) -> None:
    records = Records().customer("A", "P", "2023-01-01")
    records.customer("A", "Q", "2023-01-01", version=2)
    records._rows["customers_vehicles", "customer"][-1]["updated_at"] = "2024-01-01 04:00:00.000000"
    records.customer("B", "P", "2024-06-01")
    for voice, day in (("before", "2023-06-01"), ("between", "2024-03-01"), ("after", "2024-07-01")):
        records.call(voice, day, phone="P")
    voices = linked(linking, tmp_path, records).voices()
    assert voices["before"]["customer_key"] == "A"
    assert voices["after"]["customer_key"] == "B"
    assert voices["between"]["customer_key"] is None


def test_a_used_car_belongs_to_its_owner_of_the_day(linking: Make, tmp_path: Path) -> None:
    records = Records().customer("A", "P1").customer("B", "P2")
    records.owner("V", "A", "2024-01-01", "2024-06-01").owner("V", "B", "2024-06-01")
    records.call("first", "2024-05-31", vin="V").call("second", "2024-06-01", vin="V")
    one = linked(linking, tmp_path, records)
    assert [one.voices()[v]["customer_key"] for v in ("first", "second")] == ["A", "B"]
    assert person_of(one, "customer", "A") != person_of(one, "customer", "B")


def test_an_open_owner_ends_where_the_next_begins(linking: Make, tmp_path: Path) -> None:
    records = Records().customer("A", None).customer("B", None).customer("C", None)
    records.owner("V", "A", "2024-01-01").owner("V", "B", "2024-06-01").owner("W", "A", "2024-01-01")
    records.owner("W", "C", "2024-06-01", relation="共有")
    rows = linked(linking, tmp_path, records).rows("vehicle_owner")
    ends = {(row["vin_key"], row["customer_key"]): str(row["valid_to"]) for row in rows}
    assert ends == {("V", "A"): "2024-06-01", ("V", "B"): "None", ("W", "A"): "None", ("W", "C"): "None"}


def test_staff_phones_are_nobodys_and_flagged(linking: Make, tmp_path: Path) -> None:
    records = Records().customer("A", "P1").owner("V", "A", "2024-01-01")
    records.add(
        "crm",
        "dealer_staff",
        "s",
        "2024-01-01",
        phone_key="S",
        joined_date="2024-01-01",
        left_date="2024-09-01",
    )
    records.add("crm", "lead", "l", "2024-03-01", lead_no="L", customer_key="A", phone_key="S")
    records.call("posing", "2024-05-01", phone="S", vin="V").call(
        "named", "2024-05-02", phone="S", customer="A"
    )
    records.call("left", "2024-10-01", phone="S", vin="V")
    one = linked(linking, tmp_path, records)
    voices = one.voices()
    assert voices["posing"]["is_staff_suspected"]
    assert voices["posing"]["person_id"] is None
    assert voices["posing"]["vin_key"] == "V"
    assert voices["named"]["is_staff_suspected"]
    assert voices["named"]["customer_key"] == "A"
    assert not voices["left"]["is_staff_suspected"]
    assert voices["left"]["link_method"] == "vehicle_owner"


def test_ends_of_vins_that_collide_name_no_car_by_themselves(linking: Make, tmp_path: Path) -> None:
    records = Records().customer("A", None).customer("B", None)
    records.owner("V1", "A", "2024-01-01").owner("V2", "B", "2024-01-01")
    for row in records._rows["customers_vehicles", "ownership"]:
        row["vin8_key"] = "E"
    records.add("crm", "app_account", "a", "2024-01-01", app_account_key="ACC", customer_key="A",
                bound_at="2024-01-01 00:00:00.000000")  # fmt: skip
    for voice, account in (("known", "ACC"), ("unknown", "X")):
        records.add(
            "owner_app",
            "app_feedback",
            voice,
            "2024-05-01",
            voice_id=voice,
            app_account_key=account,
            vin8_key="E",
        )
    voices = linked(linking, tmp_path, records).voices()
    assert (voices["known"]["vin_key"], voices["known"]["vehicle_basis"]) == ("V1", "vin8")
    assert voices["unknown"]["vin_key"] is None
    assert voices["unknown"]["customer_key"] is None


def test_one_slip_against_a_holder_is_outvoted_and_two_are_not(linking: Make, tmp_path: Path) -> None:
    records = Records().customer("A", "P").customer("B", "Q")
    records.add("crm", "lead", "l1", "2024-03-01", lead_no="L1", customer_key="B", phone_key="P")
    records.call("v", "2024-05-01", phone="P")
    assert linked(linking, tmp_path, records).voices()["v"]["customer_key"] == "A"
    records.add("crm", "lead", "l2", "2024-04-01", lead_no="L2", customer_key="B", phone_key="P")
    assert linked(linking, tmp_path, records).voices()["v"]["person_id"] is None


def test_two_customer_numbers_with_one_card_are_one_person(linking: Make, tmp_path: Path) -> None:
    records = Records().customer("A", "P1", id_card_key="I").customer("B", "P2", id_card_key="I")
    one = linked(linking, tmp_path, records)
    assert person_of(one, "customer", "A") == person_of(one, "customer", "B")
    assert len(one.rows("person")) == 1
    cut = dataclasses.replace(PUBLIC, decisions=(Decision("unmerge", "customer", "A", "customer", "B"),))
    one.run(records.write(tmp_path / "raw"), cut)
    assert person_of(one, "customer", "A") != person_of(one, "customer", "B")


def test_an_unmerge_leaves_what_there_would_be_without_the_edge(linking: Make, tmp_path: Path) -> None:
    def past(*, with_edge: bool) -> Records:
        records = Records().customer("A", "P1").customer("B", "P2")
        records.add(
            "crm",
            "lead",
            "l1",
            "2024-03-01",
            lead_no="L1",
            customer_key="A",
            phone_key="X" if with_edge else None,
        )
        records.add("crm", "lead", "l2", "2024-03-01", lead_no="L2", customer_key="B", phone_key="Y")
        return records.call("v", "2024-05-01", phone="X")

    merged = linked(linking, tmp_path / "m", past(with_edge=True))
    assert merged.voices()["v"]["customer_key"] == "A"
    decisions = (
        Decision("unmerge", "phone", "X", "customer", "A"), Decision("unmerge", "lead", "L1", "phone", "X"),
    )  # fmt: skip
    merged.run(
        past(with_edge=True).write(tmp_path / "m" / "raw"), dataclasses.replace(PUBLIC, decisions=decisions)
    )
    apart = Linking(tmp_path / "apart")
    apart.run(past(with_edge=False).write(tmp_path / "n" / "raw"))
    assert merged.results() == apart.results()
    assert merged.voices()["v"]["customer_key"] is None
    again = (*decisions, Decision("merge", "customer", "A", "phone", "X"))
    merged.run(
        past(with_edge=True).write(tmp_path / "m" / "raw"), dataclasses.replace(PUBLIC, decisions=again)
    )
    assert merged.voices()["v"]["customer_key"] == "A"


def test_an_anchor_that_comes_later_keeps_the_old_id_as_alias(linking: Make, tmp_path: Path) -> None:
    early = linked(linking, tmp_path, Records().call("v", "2024-05-01", phone="P"))
    old = early.voices()["v"]["person_id"]
    assert old
    assert early.voices()["v"]["customer_key"] is None
    early.run(Records().call("v", "2024-05-01", phone="P").customer("A", "P").write(tmp_path / "raw"))
    new = early.voices()["v"]["person_id"]
    assert new != old
    assert {(row["alias_id"], row["person_id"]) for row in early.rows("alias")} == {(old, new)}


def test_weaker_edges_never_move_a_person(linking: Make, tmp_path: Path) -> None:
    records = Records().customer("A", "P")
    before = person_of(linked(linking, tmp_path, records), "customer", "A")
    for number in range(3):
        records.add(
            "crm", "lead", f"l{number}", "2023-03-01", lead_no="L0", customer_key="A", phone_key=f"0{number}"
        )
    assert person_of(linked(linking, tmp_path, records), "customer", "A") == before


@pytest.mark.parametrize(
    ("granted", "allowed", "named"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_public_handles_need_the_purpose_and_the_consent(
    linking: Make, tmp_path: Path, granted: bool, allowed: bool, named: bool
) -> None:
    records = Records().customer("A", "P")
    records.add("private_group", "message", "g", "2024-03-01", voice_id="g", member_key="H", customer_key="A")
    records.add(
        "crm", "consent", "c", "2024-04-01", customer_key="A", purpose="公域身份关联",
        is_granted="true" if granted else "false", valid_from="2024-04-01 00:00:00.000000",
        valid_to="2024-06-01 00:00:00.000000",
    )  # fmt: skip
    days = {"before": "2024-03-20", "within": "2024-05-01", "after": "2024-06-02"}
    for voice, day in days.items():
        records.add("social_media", "post", voice, day, voice_id=voice, author_key="H")
        records.add(
            "social_media",
            "post",
            f"{voice} text",
            day,
            voice_id=f"{voice} text",
            author_key="N",
            text_keys=["phone:P"],
        )
    policy = dataclasses.replace(PUBLIC, link_public_handles=allowed)
    voices = linked(linking, tmp_path, records, policy).voices()
    found = {voice for voice, row in voices.items() if row["customer_key"]}
    assert found == ({"g", "within", "within text"} if named else {"g"})
    assert not any(row["vin_key"] for row in voices.values())


def test_a_number_given_by_ten_thousand_customers_names_nobody(linking: Make, tmp_path: Path) -> None:
    records = Records()
    for number in range(10_000):
        records.customer(f"C{number}", "P")
    records.call("v", "2024-05-01", phone="P")
    one = linked(linking, tmp_path, records)
    assert one.voices()["v"]["person_id"] is None
    assert {row["method"] for row in one.rows("key_person") if row["key"] == "P"} == {"public_number"}
    assert {row["household_id"] for row in one.rows("person")} == {None}
    assert len(one.rows("person")) == 10_000


def test_a_chain_of_shared_phones_is_no_household(linking: Make, tmp_path: Path) -> None:
    records = Records()
    for number in range(20):
        records.customer(f"C{number:02d}", f"P{number}")
        records.customer(f"D{number:02d}", f"P{number}")
        for serial in range(2):
            records.add("crm", "lead", f"l{number}{serial}", "2024-03-01", lead_no=f"L{number}{serial}",
                        customer_key=f"D{number:02d}", phone_key=f"P{number + 1}")  # fmt: skip
    one = linked(linking, tmp_path, records)
    assert {row["household_id"] for row in one.rows("person")} == {None}
    assert len({row["person_id"] for row in one.rows("person")}) == 40


def test_nothing_and_null_keys_are_no_error(linking: Make, tmp_path: Path) -> None:
    one = linking()
    assert one.run([]).persons == 0
    assert all(rows == [] for rows in one.results().values())
    records = Records().call("v", "2024-05-01").customer("A", None).owner("V", "A", "2024-01-01")
    one.run(records.write(tmp_path / "raw"))
    assert one.voices() == {}
    assert len(one.rows("person")) == 1


def test_a_withdrawn_record_proves_nothing(linking: Make, tmp_path: Path) -> None:
    records = Records().customer("A", "P").call("v", "2024-05-01", phone="P")
    records.add(
        "call_center",
        "call",
        "v",
        "2024-05-01",
        version=2,
        voice_id="v",
        caller_phone_key="P",
        is_deleted=True,
    )
    assert linked(linking, tmp_path, records).voices() == {}


def test_a_file_that_is_no_raw_file_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"not parquet")
    with pytest.raises(EvidenceError, match=r"bad\.parquet: cannot be read as Parquet"):
        read_sightings(Source(bad, "bad", "call_center", "call"))


def test_a_broken_rule_table_names_its_line(tmp_path: Path) -> None:
    head = "channel,entity,field_a,domain_a,field_b,domain_b,method,kind,confidence,from_field,until_field,detail_field,is_history,label_zh"
    path = tmp_path / "rules.csv"
    for line, words in (
        ("a,b,c,customer,d,phone,m,friend,0.5,,,,false,x", "unknown kind 'friend'"),
        ("a,b,c,customer,d,fax,m,given,0.5,,,,false,x", "unknown domain 'fax'"),
        ("a,b,c,customer,d,phone,m,given,1.5,,,,false,x", r"confidence 1.5 is not in \(0, 1\]"),
        ("a,b,c,customer,d,phone,m,given,much,,,,false,x", "confidence 'much' is no number"),
        ("a,b,c,customer,d,phone,m,given,0.5,,,,false", "13 fields where the header has 14"),
    ):
        path.write_text(f"# 说明\n{head}\n\n{line}\n", encoding="utf-8")
        load_rules.cache_clear()
        with pytest.raises(EvidenceError, match=rf"rules\.csv, line 4: {words}"):
            load_rules(path)
    path.write_text(
        f"{head.replace(',kind', '')}\na,b,c,customer,d,phone,m,0.5,,,,false,x\n", encoding="utf-8"
    )
    with pytest.raises(EvidenceError, match=r"rules\.csv: lacks the columns kind"):
        load_rules(path)
    with pytest.raises(EvidenceError, match=r"none\.csv: cannot be read"):
        load_rules(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("name", "renews_state"),
    [
        ("identity/evidence.py", True),
        ("identity/state.py", True),
        ("resources/identity_rules.csv", True),
        ("identity/voices.py", False),
    ],
)
def test_other_code_or_rules_make_another_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, *, renews_state: bool
) -> None:
    before = evidence.rules_version(), graph.link_version()
    package = shutil.copytree(evidence.RULES_PATH.parent.parent, tmp_path / "ml")

    def of_copy(names: Iterable[str], _: Path) -> str:
        return content_version(names, package)

    monkeypatch.setattr(evidence, "content_version", of_copy)
    monkeypatch.setattr(graph, "content_version", of_copy)
    assert (evidence.rules_version(), graph.link_version()) == before
    (package / name).write_bytes((package / name).read_bytes() + b"#\n")
    assert (evidence.rules_version() != before[0]) == renews_state
    assert graph.link_version() != before[1]


def test_a_state_that_another_process_holds_is_left_alone(linking: Make, tmp_path: Path) -> None:
    files = Records().customer("A", "P").call("v", "2024-05-01", phone="P").write(tmp_path / "raw")
    one = linking()
    one.run(files)
    path = one.folder / "state" / "state.duckdb"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    hold = f"import duckdb, sys; held = duckdb.connect({str(path)!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StateError, match=r"state\.duckdb: cannot be opened .*wait for a running refresh"):
            one.run(files)
        other.communicate("")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert one.run(files).new_files == 0


@pytest.mark.parametrize("spoil", ["no database", "half", "flipped", "empty", "other form", "log"])
def test_a_state_that_cannot_be_read_is_built_anew(linking: Make, tmp_path: Path, spoil: str) -> None:
    files = Records().customer("A", "P").call("v", "2024-05-01", phone="P").write(tmp_path / "raw")
    one = linking()
    one.run(files)
    before = one.results()
    path = one.folder / "state" / "state.duckdb"
    whole = path.read_bytes()
    if spoil == "other form":
        path.unlink()
        with duckdb.connect(str(path)) as other:
            other.execute("create table another(name varchar)")
    elif spoil == "log":
        lose_a_checkpoint(path)
    else:
        path.write_bytes(
            {
                "no database": b"x" * 5000,
                "half": whole[: len(whole) // 2 - 100],
                "flipped": whole[:12288] + bytes(one ^ 0x55 for one in whole[12288:]),
                "empty": b"",
            }[spoil]
        )
    assert one.run(files).new_files == len(files)
    assert one.results() == before


def lose_a_checkpoint(path: Path) -> None:
    """Leave a log beside the database as a process that died does, its end unreadable."""
    die = (
        f"import duckdb, os; held = duckdb.connect({str(path)!r});"
        " held.execute('create table more as select * from range(10)'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", die], check=True)
    log = path.with_name(f"{path.name}.wal")
    written = log.read_bytes()
    half = len(written) // 2
    log.write_bytes(written[:half] + bytes(one ^ 0x55 for one in written[half:]))


def test_every_rule_names_fields_of_its_contract() -> None:
    import yaml

    from orchestration.settings import PROJECT_ROOT

    domains = {"customer_no": "customer", "app_account": "account"}
    identifiers = {"phone", "mail", "id_card", "vin", "vin8", "plate", "handle", "customer_no", "app_account"}
    for rule in load_rules():
        path = PROJECT_ROOT / "data_quality" / "contracts" / f"{rule.channel}.yml"
        entity = yaml.safe_load(path.read_text(encoding="utf-8"))["entities"][rule.entity]
        fields = {one["name"]: one for one in entity["fields"]}
        for name, domain in ((rule.field_a, rule.domain_a), (rule.field_b, rule.domain_b)):
            if not name or (name, domain) == ("vin8", "vin8"):
                continue
            assert name in fields, f"{rule.channel}.{rule.entity}.{name}"
            pii = fields[name]["pii"]
            assert (domains.get(pii, pii) == domain) == (pii in identifiers), f"{rule.method}: {name}"
        for name in (rule.from_field, rule.until_field, rule.detail_field):
            assert not name or name in fields, f"{rule.method}: {name}"


def test_results_have_their_declared_shape(linking: Make, tmp_path: Path) -> None:
    one = linked(linking, tmp_path, Records().customer("A", "P").call("v", "2024-05-01", phone="P"))
    for name, schema in graph.RESULTS.items():
        found = graph.read_result(one.folder, name).schema
        assert [(field.name, str(field.type)) for field in found] == [
            (f.name, str(f.type)) for f in schema
        ], name
