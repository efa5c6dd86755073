"""A bad contract is refused with file, entity, field and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from data_quality.contract import SYSTEM_COLUMNS, ContractError, load_contract
from orchestration.admission.shape import raw_schema
from orchestration.settings import PROJECT_ROOT

SHIPPED = sorted((PROJECT_ROOT / "data_quality" / "contracts").glob("*.yml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_contracts_load(path: Path) -> None:
    contract = load_contract(path)
    assert contract.channel == path.stem
    for entity in contract.entities.values():
        names = raw_schema(contract, entity).names
        assert tuple(names[: len(SYSTEM_COLUMNS)]) == SYSTEM_COLUMNS
        assert len(set(names)) == len(names)


def test_identifiers_and_names_never_reach_raw() -> None:
    contract = load_contract(PROJECT_ROOT / "data_quality/contracts/customers_vehicles.yml")
    assert contract.entities["customer"].raw_columns == (
        "customer_key", "phone_key", "mail_key", "id_card_key", "province_zh", "city_zh", "gender", "birth_year",
        "customer_kind", "income_band", "registered_at", "updated_at",
    )  # fmt: skip
    assert contract.entities["vehicle"].raw_columns[:7] == (
        "vin_key", "vin8_key", "vin_wmi", "vin_model_year", "vin_plant", "customer_key", "plate_key",
    )  # fmt: skip


def _field(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in document["entities"]["complaint"]["fields"] if one["name"] == name)


def _change(document: dict[str, Any], field: str, **values: Any) -> None:
    _field(document, field).update(values)


BROKEN = {
    "unknown top entry": (lambda d: d.update(colour="red"), ["colour"]),
    "no version": (lambda d: d.update(version="one"), ["version", "whole number"]),
    "bad encoding": (lambda d: d.update(encoding="latin1"), ["encoding", "gb18030"]),
    "bad delimiter": (lambda d: d.update(csv={"delimiter": "ab"}), ["csv.delimiter"]),
    "no entities": (lambda d: d.update(entities={}), ["entities"]),
    "bad attribute": (lambda d: d["attributes"].update(loop="sideways"), ["attributes.loop", "inner"]),
    "open text without class": (
        lambda d: _change(d, "brand_zh", pii="none"),
        ["entity complaint, field brand_zh", "pattern", "values"],
    ),
    "unknown pii class": (lambda d: _change(d, "brand_zh", pii="secret"), ["field brand_zh", "free_text"]),
    "reserved name": (lambda d: _change(d, "brand_zh", name="record_id"), ["record_id", "another name"]),
    "bad name": (lambda d: _change(d, "brand_zh", name="Brand"), ["Brand", "lower case"]),
    "unknown type": (lambda d: _change(d, "brand_zh", type="text"), ["field brand_zh", "string"]),
    "key not a field": (lambda d: d["entities"]["complaint"].update(record_key=["nr"]), ["record_key", "complaint_no"]),
    "key may be empty": (lambda d: d["entities"]["complaint"].update(record_key=["brand_zh"]), ["record_key", "required"]),
    "event field not a time": (
        lambda d: d["entities"]["complaint"].update(event_time={"field": "brand_zh"}),
        ["event_time", "time type"],
    ),
    "verbatim not masked": (
        lambda d: d["entities"]["complaint"].update(verbatim={"field": "complaint_no"}),
        ["verbatim", "masked"],
    ),
    "verbatim without voice": (lambda d: d["entities"]["complaint"].pop("voice_key"), ["voice_key"]),
    "bad pattern": (lambda d: _change(d, "complaint_no", pattern="["), ["field complaint_no", "regular expression"]),
    "source used twice": (lambda d: _change(d, "brand_zh", source="投诉编号"), ["brand_zh", "twice"]),
    "identifier of wrong type": (lambda d: _change(d, "complaint_date", pii="phone"), ["complaint_date", "string"]),
    "required but optional": (
        lambda d: _change(d, "complaint_date", optional_column=True),
        ["complaint_date", "optional"],
    ),
    "tombstone field": (
        lambda d: d["entities"]["complaint"].update(tombstone={"field": "x", "values": ["a"]}),
        ["tombstone"],
    ),
    "min on text": (lambda d: _change(d, "brand_zh", min=1), ["brand_zh", "min"]),
    "datetime without zone": (lambda d: _change(d, "complaint_date", type="datetime"), ["complaint_date", "zone"]),
    "unknown field entry": (lambda d: _change(d, "brand_zh", lenght=3), ["brand_zh", "lenght"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_contract_says_where_and_what(name: str, tmp_path: Path) -> None:
    change, words = BROKEN[name]
    document = yaml.safe_load(
        (PROJECT_ROOT / "data_quality/contracts/complaint_site.yml").read_text(encoding="utf-8")
    )
    change(document)
    path = tmp_path / "contract.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize("content", [b"a: [", b"- 1", b"\xff\xfe"])
def test_unreadable_contract(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "contract.yml"
    path.write_bytes(content)
    with pytest.raises(ContractError, match=r"contract\.yml"):
        load_contract(path)
    with pytest.raises(ContractError, match="cannot be read"):
        load_contract(tmp_path / "none.yml")
