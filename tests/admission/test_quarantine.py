
"""Quarantine over time: show, release, discard; the equation holds; commands speak clearly."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from orchestration.admission.admit import admit_pending
from orchestration.admission.commands import printable, quarantine_group
from orchestration.admission.ledger import Ledger
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.sources.commands import collect_command, deliver_command, retention_command
from tests.admission.conftest import COMPLAINT_HEADER, RECEIVED

AS_OF = date(2024, 6, 30)
ROWS = (
    "202405011200000001,大众,朗逸,2021款,响,发动机,异响,2024-05-20",
    "202405011200000002,大众,朗逸,2021款,坏日期,发动机,异响,昨天",
    "202405011200000003,大众,朗逸,2021款,少列",
    f"202405011200000004,{'牌' * 61},朗逸,2021款,长牌名,发动机,异响,2024-05-21",
)


@pytest.fixture
def bad_day(settings: Settings, drop: Any) -> Settings:
    drop("complaint_site", "\n".join([COMPLAINT_HEADER, *ROWS]) + "\n", "a.csv")
    admit_pending(settings, AS_OF)
    return settings


@pytest.fixture
def voc(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("VOC_HOME", str(settings.home))
    monkeypatch.setenv("VOC_KEYS", str(settings.keys_path))
    commands = {"quarantine": quarantine_group, "deliver": deliver_command, "collect": collect_command,
                "retention": retention_command}  # fmt: skip

    def run(*words: str) -> Result:
        return CliRunner().invoke(commands[words[0]], list(words[1:]))

    return run


def test_list_names_field_and_remedy_but_no_value(bad_day: Settings, voc: Any) -> None:
    rows = json.loads(voc("quarantine", "list", "--format", "json").output)
    assert [(row["line_no"], row["field"], row["reason_code"]) for row in rows] == [
        (3, "complaint_date", "invalid_time"), (4, "", "too_few_fields"), (5, "brand_zh", "text_too_long"),
    ]  # fmt: skip
    plain = voc("quarantine", "list", "--reason", "invalid_time").output
    assert "invalid_time" in plain
    assert "昨天" not in plain
    assert "2024-01-31" in plain  # the remedy


def test_show_prints_original_bytes_and_is_audited(bad_day: Settings, voc: Any, ledger: Ledger) -> None:
    row = ledger.quarantine_rows(reason="invalid_time")[0]
    shown = voc("quarantine", "show", row.quarantine_id[:8])
    assert shown.exit_code == 0
    assert ROWS[1] in shown.output
    assert COMPLAINT_HEADER in shown.output
    audit = ledger.connection.execute("select action, subject from audit").fetchall()
    assert audit == [("quarantine_show", row.quarantine_id)]
    assert ledger.verify_audit() is None


def test_release_under_a_mended_contract(bad_day: Settings, voc: Any, ledger: Ledger, tmp_path: Path) -> None:
    released = voc("quarantine", "release", "--channel", "complaint_site", "--why", "brand names may be long")
    assert released.exit_code == 0, released.output
    contract = yaml.safe_load(
        (PROJECT_ROOT / "data_quality/contracts/complaint_site.yml").read_text(encoding="utf-8")
    )
    contract["version"] = 2
    for one in contract["entities"]["complaint"]["fields"]:
        if one["name"] == "brand_zh":
            one["max_chars"] = 100
    (tmp_path / "contract.yml").write_text(yaml.safe_dump(contract, allow_unicode=True), encoding="utf-8")
    config = yaml.safe_load((PROJECT_ROOT / "voc.yml").read_text(encoding="utf-8"))
    config["channels"] = {
        "complaint_site": config["channels"]["complaint_site"] | {"contract": "contract.yml"}
    }
    (tmp_path / "voc.yml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    mended = Settings.load({
        "VOC_HOME": str(bad_day.home), "VOC_KEYS": str(bad_day.keys_path), "VOC_CONFIG": str(tmp_path / "voc.yml"),
    })  # fmt: skip
    report = admit_pending(mended, AS_OF)
    assert report.channels["complaint_site"].admitted == 1
    assert report.channels["complaint_site"].quarantined == 2
    first, second = sorted(ledger.deliveries(), key=lambda one: one.source["kind"])
    assert second.source["kind"] == "quarantine_release"
    assert second.received_at == first.received_at
    assert second.contract_version == 2
    assert {row.status for row in ledger.quarantine_rows() if row.delivery_id == first.delivery_id} == {
        "released"
    }
    assert all(one.closed for one in ledger.equations())
    again = voc(
        "quarantine", "release", *(row.quarantine_id for row in ledger.quarantine_rows(status="open"))
    )
    assert again.exit_code == 0
    assert admit_pending(mended, AS_OF).channels["complaint_site"].quarantined == 2
    assert all(one.closed for one in ledger.equations())


def test_whole_file_is_released_as_it_came(settings: Settings, drop: Any, voc: Any, ledger: Ledger) -> None:
    payload = ("甲,乙\n1,2\n" * 3).encode()
    drop("complaint_site", payload, "odd.csv")
    admit_pending(settings, AS_OF)
    assert ledger.deliveries()[0].status == "quarantined_whole"
    assert voc("quarantine", "release", "--reason", "unknown_header").exit_code == 0
    second = ledger.deliveries(status="landed")[0]
    assert (settings.home / second.landing_path).read_bytes() == payload
    admit_pending(settings, AS_OF)
    assert [one.status for one in ledger.quarantine_rows()] in (["released", "open"], ["open", "released"])


def test_discard(bad_day: Settings, voc: Any, ledger: Ledger) -> None:
    row = ledger.quarantine_rows(reason="too_few_fields")[0]
    assert voc("quarantine", "discard", row.quarantine_id).exit_code == 2
    assert voc("quarantine", "discard", row.quarantine_id, "--why", "test row of the source").exit_code == 0
    again = voc("quarantine", "discard", row.quarantine_id, "--why", "again")
    assert again.exit_code == 3
    assert "not open" in again.output
    equation = ledger.equations()[0]
    assert equation.closed
    assert (equation.quarantined_open, equation.quarantined_discarded) == (2, 1)


def test_audit_chain_shows_tampering(bad_day: Settings, voc: Any, ledger: Ledger) -> None:
    for row in ledger.quarantine_rows():
        voc("quarantine", "show", row.quarantine_id)
    assert ledger.verify_audit() is None
    with pytest.raises(Exception, match="append-only"):
        ledger.connection.execute("delete from audit")
    ledger.connection.execute("drop trigger audit_no_update")
    ledger.connection.execute("update audit set actor = 'nobody' where seq = 2")
    assert ledger.verify_audit() == 2


def test_audit_chain_shows_a_cut_end(bad_day: Settings, voc: Any, ledger: Ledger) -> None:
    for row in ledger.quarantine_rows():
        voc("quarantine", "show", row.quarantine_id)
    ledger.connection.execute("drop trigger audit_no_delete")
    ledger.connection.execute("delete from audit where seq = 3")
    assert ledger.verify_audit() == 3


def test_printable_disarms_terminals() -> None:
    assert printable(b"\x1b[31mred\x07") == "\\x1b[31mred\\x07"
    assert printable("a\u202eb".encode()) == "a\\u202eb"
    assert printable("车".encode("gb18030")) == "车"


def test_deliver_speaks_clearly(voc: Any, tmp_path: Path) -> None:
    unknown = voc("deliver", "no_such_channel", str(tmp_path / "x.csv"))
    assert unknown.exit_code == 2
    assert "complaint_site" in unknown.output
    missing = voc("deliver", "complaint_site", str(tmp_path / "x.csv"))
    assert missing.exit_code == 3
    assert "no such file" in missing.output
    folder = voc("deliver", "complaint_site", str(tmp_path))
    assert folder.exit_code == 3
    path = tmp_path / "x.csv"
    path.write_text("x")
    assert voc("deliver", "complaint_site", str(path), "--received-at", "gestern").exit_code == 2
    landed = voc("deliver", "complaint_site", str(path), "--received-at", "2024-06-01T01:00:00", "--json")
    assert json.loads(landed.output)[0]["received_at"] == "2024-05-31T17:00:00+00:00"


def test_retention_clears_landing_and_remembers(
    bad_day: Settings, voc: Any, ledger: Ledger, drop: Any
) -> None:
    waiting = drop("complaint_site", "later\n", "later.csv", RECEIVED + timedelta(days=1))
    old = ledger.deliveries()[0]
    assert "deleted 0" in voc("retention", "--as-of", "2024-07-01").output
    assert (bad_day.home / old.landing_path).exists()
    assert "deleted 1" in voc("retention", "--as-of", "2024-08-01").output
    assert not (bad_day.home / old.landing_path).exists()
    assert (bad_day.home / waiting.landing_path).exists()  # not admitted yet
    remembered = ledger.delivery(old.delivery_id)
    assert remembered is not None
    assert remembered.landing_deleted == "2024-08-01"
    row = ledger.quarantine_rows(reason="invalid_time")[0]
    assert ROWS[1] in voc("quarantine", "show", row.quarantine_id).output  # quarantine keeps its own bytes


def test_watched_folder_takes_complete_files_once(settings: Settings, ledger: Ledger, voc: Any) -> None:
    import os

    inbox = settings.home / "inbox" / "call_center"
    inbox.mkdir(parents=True)
    (inbox / "a.jsonl").write_text("{}\n")
    still = settings.home / "inbox" / "forum"
    still.mkdir()
    fresh, stable = still / "fresh.csv", still / "stable.csv"
    for path in (fresh, stable):
        path.write_text("text\n响\n", encoding="utf-8")
    os.utime(stable, (1_700_000_000, 1_700_000_000))
    landed = json.loads(voc("collect", "--json").output)
    assert [one["file_name"] for one in landed] == ["stable.csv"]  # no marker yet, and one too fresh
    (inbox / "a.jsonl.done").touch()
    landed = json.loads(voc("collect", "--json").output)
    assert [one["file_name"] for one in landed] == ["a.jsonl"]
    assert not list(inbox.iterdir())
    # A copy that came back unchanged (the source keeps its files) is not landed twice.
    stable.write_text("text\n响\n", encoding="utf-8")
    os.utime(stable, (1_700_000_000, 1_700_000_000))
    assert "nothing to collect" in voc("collect").output
    assert len(ledger.deliveries()) == 2
