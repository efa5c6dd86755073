"""The damaged corpus through the real door: right reason, no good row lost, both equations close."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from orchestration.admission.admit import admit_pending
from orchestration.admission.keys import create_key_file
from orchestration.admission.ledger import Ledger
from orchestration.admission.reasons import REASON_TEXTS, Reason
from orchestration.settings import Settings
from orchestration.sources.landing import deliver
from tests.admission.conftest import RECEIVED
from tests.admission.damage import Case, cases

CORPUS = cases()


def test_corpus_is_large_and_covers_the_reasons() -> None:
    assert len(CORPUS) >= 200
    assert len({case.kind for case in CORPUS}) >= 25
    met = {reason for case in CORPUS for reason in case.reasons}
    # Met in unit tests instead: no channel here has such fields, several JSON entities, mail or workbooks.
    elsewhere = {
        Reason.INVALID_BOOLEAN, Reason.UNKNOWN_RECORD_TYPE, Reason.AMBIGUOUS_VALUE, Reason.NOT_A_MESSAGE,
        Reason.DUPLICATE_HEADER, Reason.INVALID_MIME, Reason.UNKNOWN_CHARSET, Reason.NOT_A_WORKBOOK,
        Reason.UNKNOWN_SHEET, Reason.CELL_ERROR, Reason.FORMULA_WITHOUT_VALUE, Reason.MERGED_CELLS,
        Reason.PRECISION_LOST,
    }  # fmt: skip
    assert met == {str(one) for one in Reason} - elsewhere


def test_every_reason_has_words() -> None:
    assert set(REASON_TEXTS) == set(Reason)
    assert all(text.label_zh and text.remedy_zh for text in REASON_TEXTS.values())


def test_damaged_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)  # durability is tested elsewhere; here it only takes time
    create_key_file(tmp_path / "keys.json")
    settings = Settings.load({"VOC_HOME": str(tmp_path / "home"), "VOC_KEYS": str(tmp_path / "keys.json")})
    with Ledger.open(settings) as ledger:
        by_delivery: dict[str, Case] = {}
        for number, case in enumerate(CORPUS):
            path = tmp_path / "in" / f"{number}" / case.file_name
            path.parent.mkdir(parents=True)
            path.write_bytes(case.data)
            # One delivery a second: the same bytes (an empty file) come more than once.
            moment = RECEIVED.replace(minute=number // 60, second=number % 60)
            by_delivery[deliver(settings, ledger, case.channel, [path], moment)[0].delivery_id] = case
        report = admit_pending(settings, date(2024, 6, 2))
        assert report.withheld == {}
        wrong = [
            problem
            for one in report.deliveries
            for problem in _problems(settings, ledger, by_delivery[one.delivery_id], one.delivery_id)
        ]
    assert not wrong, "\n".join(wrong)


def _problems(settings: Settings, ledger: Ledger, case: Case, delivery_id: str) -> list[str]:
    wrong = []
    equation = ledger.equations(delivery_id)[0]
    if not equation.closed:
        wrong.append(f"{case.name}: equations open: {equation}")
    rows = [row for row in ledger.quarantine_rows() if row.delivery_id == delivery_id]
    reasons = tuple(sorted(row.reason_code for row in rows))
    delivery = ledger.delivery(delivery_id)
    assert delivery is not None
    if delivery.status == "duplicate_delivery":
        if delivery.duplicate != delivery.records_in:
            wrong.append(f"{case.name}: duplicate delivery not wholly duplicate")
    elif reasons != case.reasons:
        wrong.append(
            f"{case.name}: reasons {reasons}, expected {case.reasons}; {[r.reason_detail for r in rows]}"
        )
    if delivery.admitted != case.good:
        wrong.append(f"{case.name}: {delivery.admitted} good rows admitted, expected {case.good}")
    texts = [
        text or ""
        for entry in ledger.files("raw", delivery_ids=[delivery_id])
        for text in pq.read_table(settings.home / entry.path, columns=_text_column(case))
        .column(0)
        .to_pylist()
    ]
    wrong += [f"{case.name}: lost {one!r}" for one in case.marks if not any(one in text for text in texts)]
    return wrong


def _text_column(case: Case) -> list[str]:
    return ["fault_note" if case.channel == "warranty_claims" else "verbatim"]


@pytest.mark.parametrize("reason", list(Reason))
def test_reason_codes_are_snake_case(reason: Reason) -> None:
    assert reason.value == reason.name.lower()
