"""Admission of good deliveries: raw columns, privacy, ledger, status, concurrency, withheld channels."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml

from data_quality.contract import Contract, load_contract
from orchestration.admission.admit import admit_pending
from orchestration.admission.canonical import Canonicaliser
from orchestration.admission.csv_reader import read_csv
from orchestration.admission.jsonl_reader import parse_line, read_jsonl
from orchestration.admission.keys import Keys
from orchestration.admission.ledger import Ledger
from orchestration.admission.reasons import Problem, Reason
from orchestration.admission.records import SpanError, Tiling
from orchestration.admission.shape import raw_schema
from orchestration.admission.unpack import Member
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.sources.landing import deliver, sweep_landing
from tests.admission.conftest import COMPLAINT_HEADER, RECEIVED

AS_OF = date(2024, 6, 30)
PHONE, VIN, CUSTOMER = "13800138000", "LSVAB4BR2EN123456", "KH000777"
CALL = {
    "call_id": "C-0001", "started_at_ms": 1717171200123, "ended_at_ms": None, "updated_at_ms": 1717171300000,
    "status": "active", "caller_phone": f"+86 {PHONE}", "customer_id": CUSTOMER, "vin": VIN.lower(), "agent_id": "A-1",
    "queue": "after_sales", "agent_tags": ["异响"],
    "turns": [
        {"speaker": "agent", "text": f"您好，您的电话是{PHONE}吗"},
        {"speaker": "customer", "text": f"是的，{PHONE}"},
        {"speaker": "customer", "text": "发动机异响"},
    ],
    "new_field": "值",
}  # fmt: skip


def _one_row(settings: Settings, channel: str) -> dict[str, Any]:
    return (
        duckdb.sql(f"select * from read_parquet('{settings.raw}/{channel}/*/*.parquet')")
        .to_arrow_table()
        .to_pylist()[0]
    )


def test_call_becomes_a_masked_row(settings: Settings, ledger: Ledger, keys: Keys, drop: Any) -> None:
    delivery = drop("call_center", json.dumps(CALL, ensure_ascii=False) + "\n", "calls.jsonl")
    admit_pending(settings, AS_OF)
    row = _one_row(settings, "call_center")
    phone = keys.pseudonym("phone", PHONE)
    assert row["record_id"] == keys.identifier("record", "call_center", "call", "C-0001")
    assert row["voice_id"] == keys.identifier("feedback", "call_center", "C-0001")
    assert row["caller_phone_key"] == phone
    assert row["customer_key"] == keys.pseudonym("person", f"customer_no:{CUSTOMER}")
    assert row["vin_key"] == keys.pseudonym("vin", VIN)
    assert (row["vin_wmi"], row["vin_model_year"], row["vin_plant"]) == ("LSV", "2014", "N")
    assert row["verbatim"] == "是的，[手机]\n发动机异响"
    assert row["text_keys"] == [f"phone:{phone}"]
    assert json.loads(row["pii_found"]) == {"phone": 2}
    assert row["started_at"] == "2024-05-31 16:00:00.123000"
    assert (row["event_date"], row["event_basis"]) == (date(2024, 6, 1), "source_time")
    assert row["received_at"] == RECEIVED.replace(tzinfo=None)
    assert row["ended_at"] is None
    schema = pq.read_schema(settings.home / ledger.files("raw")[0].path)
    contract = load_contract(settings.channel("call_center").contract_path)
    assert schema.remove_metadata().equals(raw_schema(contract, "call"))
    assert ledger.deliveries()[0].drift == {"unlisted_columns": ["new_field"]}
    subjects = {one.zone for one in ledger.files_of_subject(f"phone:{phone}")}
    assert subjects == {"raw", "original", "identity"}
    assert delivery.delivery_id == row["delivery_id"]


def test_a_code_that_is_an_identifier_becomes_its_pseudonym(
    settings: Settings, ledger: Ledger, keys: Keys, drop: Any
) -> None:
    """Some systems number a call by the caller's phone: still one voice each, still joinable, no number."""
    codes = (PHONE, "13900139000", "C-0001")
    lines = [
        json.dumps(CALL | {"call_id": code, "turns": CALL["turns"][2:]}, ensure_ascii=False) for code in codes
    ]
    drop("call_center", "\n".join(lines) + "\n", "calls.jsonl")
    admit_pending(settings, AS_OF)
    rows = duckdb.sql(
        f"select call_no, voice_id, pii_found from read_parquet('{settings.raw}/call_center/*/*.parquet')"
    ).fetchall()
    wanted = [keys.pseudonym("phone", PHONE), keys.pseudonym("phone", "13900139000"), "C-0001"]
    assert sorted(row[0] for row in rows) == sorted(wanted)
    assert {row[1] for row in rows} == {keys.identifier("feedback", "call_center", code) for code in codes}
    assert sorted(row[2] for row in rows) == ['{"phone":1}', '{"phone":1}', "{}"]
    zones = {one.zone for one in ledger.files_of_subject(f"phone:{wanted[1]}")}
    assert zones == {"raw", "original", "identity"}


def test_no_value_leaves_the_restricted_zone(settings: Settings, ledger: Ledger, drop: Any) -> None:
    drop("call_center", json.dumps(CALL, ensure_ascii=False) + "\nkaputt " + PHONE + "\n", "calls.jsonl")
    admit_pending(settings, AS_OF)
    ledger.export_parquet(settings.ledger_export)
    secrets = (PHONE, VIN, VIN.lower(), CUSTOMER)

    def texts(top: Path) -> str:
        return "\n".join(str(pq.read_table(path).to_pylist()) for path in sorted(top.rglob("*.parquet")))

    assert all(
        one in texts(settings.restricted) for one in (PHONE, VIN.lower(), CUSTOMER)
    )  # the scanner sees
    assert not [one for one in secrets if one in texts(settings.raw)]
    assert not [one for one in secrets if one in texts(settings.ledger_export)]


def test_keys_fractions_and_names_leave_no_value(settings: Settings, ledger: Ledger, drop: Any) -> None:
    turn = {
        "speaker": "customer",
        "text": "好",
        PHONE: 1,
        "x": float(PHONE),
        "[手机]": 2,
        "mail": {"li@qq.com": 3},
    }
    call = CALL | {"turns": [turn], "note " + PHONE: "x"}
    drop("call_center", json.dumps(call, ensure_ascii=False) + "\n", f"{PHONE}.jsonl")
    admit_pending(settings, AS_OF)
    ledger.export_parquet(settings.ledger_export)
    kept = json.loads(_one_row(settings, "call_center")["turns"])[0]
    assert kept == {
        "speaker": "customer", "text": "好", "[手机]2": 1, "x": "[手机]", "[手机]": 2, "mail": {"[邮箱]": 3},
    }  # fmt: skip
    outside = [*settings.raw.rglob("*.parquet"), *settings.ledger_export.rglob("*.parquet")]
    assert outside
    assert PHONE not in "".join(str(pq.read_table(path).to_pylist()) for path in outside)


def test_restricted_files_are_the_owners(settings: Settings, drop: Any) -> None:
    old = os.umask(0o022)
    try:
        drop("call_center", json.dumps(CALL) + "\n{\n", "calls.jsonl")
        admit_pending(settings, AS_OF)
    finally:
        os.umask(old)
    for top in (settings.restricted, settings.landing):
        for path in [top, *top.rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_customer_master_keeps_names_out(settings: Settings, drop: Any) -> None:
    header = "客户编号,姓名,手机号,邮箱,身份证号,地址,省份,城市,性别,出生年,注册时间,更新时间"
    row = "KH1,张伟,13900001111,a@b.cn,11010519491231002X,北京市朝阳区1号,北京,北京,男,1980,2020-01-01 00:00:00,2024-05-01 08:00:00"
    drop("customers_vehicles", f"{header}\n{row}\n")
    admit_pending(settings, AS_OF)
    got = _one_row(settings, "customers_vehicles")
    assert got["voice_id"] is None
    assert got["verbatim"] is None
    assert got["registered_at"] == "2019-12-31 16:00:00.000000"
    assert not any(secret in str(got) for secret in ("张伟", "13900001111", "a@b.cn", "朝阳"))


def test_survey_is_gb18030_and_entities_are_told_by_header(settings: Settings, drop: Any) -> None:
    text = "答卷编号,邀请编号,指标,量表,得分,评论,提交时间\nR-0001,I-0001,NPS,0-10,9,很好㐀,2024-05-20 10:00:00\n"
    drop("survey", text.encode("gb18030"))
    assert admit_pending(settings, AS_OF).channels["survey"].admitted == 1
    row = _one_row(settings, "survey")
    assert (row["verbatim"], row["score"], row["submitted_at"]) == (
        "很好㐀",
        "9",
        "2024-05-20 02:00:00.000000",
    )


def test_text_is_unchanged_but_for_masks(settings: Settings, drop: Any) -> None:
    text = "  “空格”与\u3000全角，tab\t和😀，末尾  "
    drop("forum", f'text\n"{text}\n第二行"\n')
    admit_pending(settings, AS_OF)
    assert _one_row(settings, "forum")["verbatim"] == f"{text}\n第二行"


def test_channel_without_time_keeps_the_earliest_sighting(settings: Settings, drop: Any) -> None:
    drop("forum", "text\n帖子\n", "late.csv", RECEIVED)
    admit_pending(settings, AS_OF)
    drop("forum", "text\n帖子\n另一帖\n", "early.csv", RECEIVED - timedelta(days=3))
    report = admit_pending(settings, AS_OF)
    assert report.channels["forum"].admitted == 2
    rows = duckdb.sql(
        f"select verbatim, event_date from read_parquet('{settings.raw}/forum/*/*.parquet')"
        " qualify row_number() over (partition by record_id order by version_key desc) = 1 order by 1"
    ).fetchall()
    assert rows == [("另一帖", date(2024, 5, 29)), ("帖子", date(2024, 5, 29))]


def test_bad_contract_withholds_only_its_channel(
    settings: Settings, ledger: Ledger, drop: Any, tmp_path: Path
) -> None:
    drop("forum", "text\n帖子\n")
    drop("complaint_site", COMPLAINT_HEADER + "\n")
    config = yaml.safe_load((PROJECT_ROOT / "voc.yml").read_text(encoding="utf-8"))
    for entry in config["channels"].values():
        entry["contract"] = str(PROJECT_ROOT / entry["contract"])
    (tmp_path / "bad.yml").write_text("channel: complaint_site\n")
    config["channels"]["complaint_site"]["contract"] = str(tmp_path / "bad.yml")
    (tmp_path / "voc.yml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    broken = Settings.load({
        "VOC_HOME": str(settings.home), "VOC_KEYS": str(settings.keys_path), "VOC_CONFIG": str(tmp_path / "voc.yml"),
    })  # fmt: skip
    report = admit_pending(broken, AS_OF)
    assert report.channels["forum"].admitted == 1
    assert "bad.yml" in report.withheld["complaint_site"]
    assert {one.channel: one.withheld_deliveries for one in ledger.channel_status(AS_OF)} == {
        "forum": 0,
        "complaint_site": 1,
    }
    mended = admit_pending(settings, AS_OF)
    assert mended.channels["complaint_site"].reasons == {"header_only": 1}
    assert all(one.equations_closed for one in ledger.channel_status(AS_OF))


def test_missing_payload_withholds(settings: Settings, drop: Any) -> None:
    delivery = drop("forum", "text\n帖子\n")
    (settings.home / delivery.landing_path).unlink()
    assert "No such file" in admit_pending(settings, AS_OF).withheld["forum"]


def test_landing_is_swept_into_the_ledger(settings: Settings, ledger: Ledger, drop: Any) -> None:
    delivery = drop("forum", "text\n帖子\n")
    ledger.connection.execute("delete from delivery")
    dead = settings.landing / "forum" / "2024-06-01" / ".part-999999999-ab"
    dead.mkdir()
    assert sweep_landing(settings, ledger) == [delivery]
    assert ledger.delivery(delivery.delivery_id) == delivery
    assert not dead.exists()


def test_status_and_deliver_work_while_others_write(
    settings: Settings, ledger: Ledger, tmp_path: Path
) -> None:
    rows = "\n".join(
        f"2024050112000{n:06d},大众,朗逸,2021款,异响{n},发动机,异响,2024-05-20" for n in range(3000)
    )
    path = tmp_path / "big.csv"
    path.write_text(f"{COMPLAINT_HEADER}\n{rows}\n", encoding="utf-8")
    deliver(settings, ledger, "complaint_site", [path], RECEIVED)
    errors: list[BaseException] = []
    done = threading.Event()
    looks = 0

    def look() -> None:
        nonlocal looks
        try:
            while not done.is_set():
                with Ledger.open(settings, read_only=True) as reader:
                    assert all(one.equations_closed for one in reader.channel_status(AS_OF))
                    assert all(one.closed for one in reader.equations())
                looks += 1
        except BaseException as error:
            errors.append(error)

    def land() -> None:
        try:
            small = tmp_path / "small.csv"
            small.write_text("text\n帖子\n", encoding="utf-8")
            with Ledger.open(settings) as other:
                for n in range(10):
                    deliver(settings, other, "forum", [small], RECEIVED + timedelta(seconds=n))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=look), threading.Thread(target=land)]
    for one in threads:
        one.start()
    report = admit_pending(settings, AS_OF)
    threads[1].join()
    done.set()
    threads[0].join()
    assert not errors
    assert looks > 0
    assert report.channels["complaint_site"].admitted == 3000
    assert len(ledger.deliveries(channel="forum")) == 10


# -- readers and values, directly ----------------------------------------------------------------------


def test_tiling_refuses_gaps_overlaps_and_short_ends() -> None:
    tiling = Tiling()
    tiling.add(0, 10, is_record=False)
    with pytest.raises(SpanError, match="follows byte 10"):
        tiling.add(11, 12, is_record=True)
    with pytest.raises(SpanError, match="follows byte 10"):
        tiling.add(9, 12, is_record=True)
    with pytest.raises(SpanError, match="end at byte 10 of 11"):
        tiling.finish(11)


def _csv(contract_of: Callable[[str], Contract], channel: str, data: bytes, judge: bool = False) -> list[Any]:
    contract = contract_of(channel)
    check = Canonicaliser(next(iter(contract.entities.values())), RECEIVED, typed=False)

    def valid(_: str, values: Any) -> bool:
        return judge and check.can_judge and not isinstance(check(values), Problem)

    return list(read_csv(contract, Member("x", data, 0, len(data)), valid))


def test_forum_text_with_lines_stays_whole_but_unclosed_quote_does_not_swallow(contract_of: Any) -> None:
    items = _csv(contract_of, "forum", 'text\n"一\n二"\n三\n'.encode(), judge=True)
    assert [list(one.values) for one in items if one.is_record] == [["一\n二"], ["三"]]
    items = _csv(contract_of, "forum", 'text\n"一\n二\n三\n'.encode(), judge=True)
    assert [one.problem.reason if one.problem else one.values[0] for one in items if one.is_record] == [
        Reason.UNCLOSED_QUOTE, "二", "三",
    ]  # fmt: skip


def test_an_open_quote_is_bounded_by_the_record_limit(contract_of: Any) -> None:
    row = "202405011200000001,大众,朗逸,2021款,响,发动机,异响,2024-05-20\n"
    data = (COMPLAINT_HEADER + "\n" + '1,"x\n' + row * 30_000).encode()
    items = [one for one in _csv(contract_of, "complaint_site", data) if one.is_record]
    assert len(items) == 30_001
    assert items[0].problem.reason == Reason.UNCLOSED_QUOTE
    assert not any(one.problem for one in items[1:])


def test_several_json_entities_by_record_type(tmp_path: Path) -> None:
    document = yaml.safe_load(
        (PROJECT_ROOT / "data_quality/contracts/call_center.yml").read_text(encoding="utf-8")
    )
    document["entities"]["note"] = {
        "record_key": ["nr"], "event_time": {"field": "at"},
        "fields": [
            {"name": "nr", "source": "nr", "type": "integer", "required": True, "pii": "none"},
            {"name": "at", "source": "at", "type": "date", "required": True, "pii": "none"},
            {"name": "cost", "source": "cost", "type": "decimal", "pii": "none"},
            {"name": "ok", "source": "ok", "type": "boolean", "pii": "none"},
        ],
    }  # fmt: skip
    path = tmp_path / "c.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    contract = load_contract(path)
    lines = [
        '{"record_type":"note","nr":7,"at":"2024-05-01","cost":12.50,"ok":true}',
        '{"record_type":"letter","nr":7}',
        '{"record_type":"note","nr":8,"at":"2024-05-01","ok":"yes"}',
    ]
    data = "\n".join(lines).encode()
    items = list(read_jsonl(contract, Member("x", data, 0, len(data))))
    check = Canonicaliser(contract.entities["note"], RECEIVED, typed=True)
    assert check(items[0].values) == ("7", "2024-05-01", "12.50", "true")
    assert items[1].problem.reason == Reason.UNKNOWN_RECORD_TYPE
    assert check(items[2].values).reason == Reason.WRONG_TYPE


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("integer", "007", "7"), ("integer", "-12", "-12"), ("integer", "１２", Reason.INVALID_NUMBER),
        ("integer", "1e3", Reason.INVALID_NUMBER), ("integer", "nan", Reason.NOT_FINITE),
        ("decimal", "12.50", "12.50"), ("decimal", "1,234.5", Reason.INVALID_NUMBER), ("decimal", "inf", Reason.NOT_FINITE),
        ("boolean", "是", "true"), ("boolean", "0", "false"), ("boolean", "maybe", Reason.INVALID_BOOLEAN),
        ("date", "2024-02-29", "2024-02-29"), ("date", "2023-02-29", Reason.INVALID_TIME),
        ("date", "2024-06-02", "2024-06-02"), ("date", "2024-06-03", Reason.TIME_OUT_OF_RANGE),
        ("date", "1999-12-31", Reason.TIME_OUT_OF_RANGE), ("date", "2024/01/02", Reason.INVALID_TIME),
        ("datetime", "2024-05-01T08:00:00+08:00", "2024-05-01 00:00:00.000000"),
        ("datetime", "2024-05-01 08:00:00", "2024-05-01 00:00:00.000000"),
        ("datetime", "2024-05-01 08:00", Reason.INVALID_TIME),
        ("epoch_ms", "1717171200123", "2024-05-31 16:00:00.123000"), ("epoch_ms", "1717171200", Reason.TIME_OUT_OF_RANGE),
        ("epoch_ms", "9" * 18, Reason.TIME_OUT_OF_RANGE),
        ("json", '{"a": 1.5}', '{"a":1.5}'), ("json", '{"a":1,"a":2}', Reason.DUPLICATE_JSON_KEY),
    ],
)  # fmt: skip
def test_canonical_values(kind: str, value: str, expected: str | Reason, tmp_path: Path) -> None:
    document = yaml.safe_load(
        (PROJECT_ROOT / "data_quality/contracts/complaint_site.yml").read_text(encoding="utf-8")
    )
    field = {"name": "x", "source": "x", "type": kind, "pii": "free_text" if kind == "json" else "none"}
    document["entities"]["complaint"]["fields"] += [
        field | ({"zone": "Asia/Shanghai"} if kind == "datetime" else {})
    ]
    path = tmp_path / "c.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    check = Canonicaliser(load_contract(path).entities["complaint"], RECEIVED, typed=False)
    good = ["202405011200000001", "大众", "朗逸", "2021款", "响", "发动机", "异响", "2024-05-20"]
    outcome = check([*good, value])
    got = outcome.reason if isinstance(outcome, Problem) else outcome[-1]
    assert got == expected


def test_json_keeps_what_it_was_given() -> None:
    assert parse_line('{"a":"😀𠮷\\u0041","b":[1,{"c":":{"}]}'.encode()) == {
        "a": "😀𠮷A",
        "b": [1, {"c": ":{"}],
    }
    assert str(parse_line(b'{"a":12.50}', exact=True)["a"]) == "12.50"  # type: ignore[index]
    assert Decimal("12.50") == Decimal(str(parse_line(b'{"a":12.50}', exact=True)["a"]))  # type: ignore[index]


@pytest.mark.corpus
@pytest.mark.skipif("VOC_CORPUS_DIR" not in os.environ, reason="needs VOC_CORPUS_DIR")
def test_real_texts_lose_nothing(settings: Settings, ledger: Ledger) -> None:
    folder = Path(os.environ["VOC_CORPUS_DIR"])
    for channel, pattern in (
        ("complaint_site", "car_complaints*.csv"), ("forum", "dcd_forum*.csv"), ("media_comments", "bdci2018*.csv"),
    ):  # fmt: skip
        deliver(settings, ledger, channel, sorted(folder.glob(pattern)), datetime(2024, 6, 2, tzinfo=UTC))
    report = admit_pending(settings, date(2024, 6, 2))
    assert all(one.quarantined == 0 for one in report.channels.values())
    assert all(one.closed for one in ledger.equations())
    numbers = {row["complaint_no"] for entry in ledger.files("raw", "complaint_site")
               for row in pq.read_table(settings.home / entry.path, columns=["complaint_no"]).to_pylist()}  # fmt: skip
    voices = ledger.connection.execute(
        "select count(distinct voice_id) from record_key join entity using (entity_id) where channel = 'complaint_site'"
    ).fetchone()[0]
    assert voices == len(numbers)
