"""Canaries: invented identifiers of every class, written many ways, planted in delivery files.

`make_canaries` gives values, `obfuscate` ways of writing them, `sentences` texts that carry them,
`plant` one valid delivery file of a channel with canaries in every field that can hold one.
"""

# Tables of Chinese text read better in rows than one word a line.

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.masking import identifiers

CONTRACTS = Path(__file__).resolve().parents[2] / "data_quality" / "contracts"

# One frame per class carries the cue that class needs; {} is where the value stands.
FRAMES: dict[str, tuple[str, ...]] = {
    "phone": ("刹车异响，我的电话{}，请回电", "4S店推脱，手机号：{}。", "打{}找我，提车三天就坏了"),
    "landline": ("家里座机：{}，白天有人", "打{}没人接，方向盘抖动"),
    "id_card": ("身份证号{}，麻烦登记，发动机漏油", "本人身份证：{}。"),
    "bank_card": ("定金请退到银行卡{}，谢谢", "卡号：{}，一直没退款"),
    "mail": ("发票发邮箱{}，续航打折严重", "email:{}。"),
    "plate": ("车牌{}，变速箱顿挫", "我的车牌号是{}。"),
    "new_energy_plate": ("车牌{}，充电跳枪", "车牌号：{}。"),
    "vin": ("车架号{}，中控黑屏", "VIN：{}。"),
    "wechat": ("加我微信{}，拉群维权", "微信号：{}。"),
    "qq": ("QQ：{}，有事联系", "我的QQ号{}。"),
}
# Short enough for fields with a small cap.
SHORT_FRAMES = {
    "phone": "{}", "landline": "{}", "id_card": "{}", "bank_card": "{}", "mail": "{}", "plate": "{}", "new_energy_plate": "{}",
    "vin": "{}", "wechat": "微信:{}", "qq": "QQ:{}",
}  # fmt: skip
# Field class of a contract → classes of canaries it can hold.
FIELD_CLASSES = {
    "phone": ("phone", "landline"), "landline": ("landline",), "mail": ("mail",), "id_card": ("id_card",),
    "bank_card": ("bank_card",), "vin": ("vin",), "plate": ("plate", "new_energy_plate"), "customer_no": ("phone", "id_card"),
    "wechat": ("wechat",), "qq": ("qq",), "person_name": ("phone",), "address": ("phone",),
}  # fmt: skip


def make_canaries(seed: int, n_per_class: int = 100) -> dict[str, list[str]]:
    """Return `n_per_class` distinct plain values of each class, valid by their checksums."""
    canaries: dict[str, list[str]] = {}
    for place, (name, make) in enumerate(identifiers.VALUES.items()):
        random = Random(seed * 1_000 + place)
        values: dict[str, None] = {}
        while len(values) < n_per_class:
            value = make(random)
            # Short account numbers would be met by chance among ordinary numbers.
            if name != "qq" or len(value) >= 9:
                values[value] = None
        canaries[name] = list(values)
    return canaries


def flat(canaries: dict[str, list[str]]) -> list[str]:
    """Return all values in one list, for `pii_scan.scan`."""
    return [value for values in canaries.values() for value in values]


def obfuscate(canaries: dict[str, list[str]], seed: int = 0) -> dict[str, list[str]]:
    """Return the same values in the same order, each written in one of the ways of its class."""
    random = Random(seed)
    return {
        name: [random.choice(identifiers.WRITERS[name])(value, random) for value in values]
        for name, values in canaries.items()
    }


def sentences(canaries: dict[str, list[str]], seed: int = 0) -> list[str]:
    """Return two texts per canary, one plain and one obfuscated, in a fixed shuffled order."""
    random = Random(seed)
    written = obfuscate(canaries, seed)
    texts = [
        random.choice(FRAMES[name]).format(value)
        for name in canaries
        for values in (canaries[name], written[name])
        for value in values
    ]
    random.shuffle(texts)
    return texts


def contract_of(channel: str) -> dict[str, Any]:
    """Return the contract document of a shipped channel."""
    return yaml.safe_load((CONTRACTS / f"{channel}.yml").read_text(encoding="utf-8"))


def plant(channel: str, canaries: dict[str, list[str]], entity: str | None = None, seed: int = 0) -> bytes:
    """Return one delivery file of `channel` that its contract admits in full.

    Every free text, short text (within its cap), identifier, turn and tag holds a canary, and each
    canary stands in the main text of some row. `entity` names one of several in a CSV channel; the
    default is the one with a `verbatim`, else the first. Use `entities` to go through all.
    """
    contract = contract_of(channel)
    name = entity or entities(channel)[0]
    texts = list(dict.fromkeys(sentences(canaries, seed)))
    if "vin" in contract["entities"][name]["record_key"]:
        texts = texts[: len(canaries["vin"])]
    rows = [_row(contract, name, place, text, canaries) for place, text in enumerate(texts)]
    return _as_jsonl(rows) if contract["format"] == "jsonl" else _as_csv(contract, name, rows)


def entities(channel: str) -> list[str]:
    """Return the entity names of a channel, those with a text first."""
    declared = contract_of(channel)["entities"]
    return sorted(declared, key=lambda name: "verbatim" not in declared[name])


def _row(
    contract: dict[str, Any], entity: str, place: int, text: str, canaries: dict[str, list[str]]
) -> dict[str, Any]:
    declared = contract["entities"][entity]
    fields = declared["fields"]
    keys = set(declared["record_key"])
    row = {field["source"]: _value(field, place, text, canaries) for field in fields}
    for field in fields:
        # Key fields must tell the rows apart; identifier keys do so by a number of their own.
        if field["name"] in keys and field["pii"] == "customer_no":
            row[field["source"]] += f"-{place}"
    return row


def _value(field: dict[str, Any], place: int, text: str, canaries: dict[str, list[str]]) -> Any:
    pii = field["pii"]
    if pii == "free_text":
        return _json_text(field["name"], text) if field["type"] == "json" else text
    if pii == "short_text":
        return _short(field, place, canaries)
    if pii in FIELD_CLASSES:
        names = FIELD_CLASSES[pii]
        name = names[place % len(names)]
        return canaries[name][place // len(names) % len(canaries[name])]
    return _plain(field, place)


def _json_text(name: str, text: str) -> Any:
    if name == "turns":
        return [{"speaker": "agent", "text": f"您好，请问是{text}吗"}, {"speaker": "customer", "text": text}]
    return ["投诉", text]


def _short(field: dict[str, Any], place: int, canaries: dict[str, list[str]]) -> str:
    names = list(SHORT_FRAMES)
    for shift in range(len(names)):
        name = names[(place + shift) % len(names)]
        written = SHORT_FRAMES[name].format(canaries[name][place % len(canaries[name])])
        if len(written) <= field.get("max_chars", 1_000):
            return written
    return ""


_PLAIN: dict[str, str] = {
    "complaint_no": "20260401{:010d}", "part_code": "A{:05d}", "fault_code": "P{:04d}", "dealer_code": "D{:04d}",
    "vehicle_model_code": "M{:06d}", "agent_no": "A{:05d}", "queue": "service_line",
}  # fmt: skip


def _plain(field: dict[str, Any], place: int) -> Any:
    kind = field["type"]
    if "values" in field:
        # Neither a deleted nor a cancelled record.
        allowed = [value for value in field["values"] if value not in {"deleted", "作废", "已退订"}]
        return allowed[place % len(allowed)]
    if kind == "integer":
        return field.get("min", 0) + place % (min(field.get("max", 100), 5) - min(field.get("min", 0), 0) + 1)
    if kind == "decimal":
        return "0.13" if field.get("max") == 1 else f"{place % 900 + 1}.50"
    if kind == "date":
        return f"2026-03-{place % 28 + 1:02}"
    if kind == "datetime":
        return f"2026-03-{place % 28 + 1:02} {place % 24:02}:{place % 60:02}:00"
    if kind == "epoch_ms":
        return 1_772_400_000_000 + place * 1_000
    return _PLAIN.get(field["name"], "N{:08d}").format(place)


def _as_csv(contract: dict[str, Any], entity: str, rows: list[dict[str, Any]]) -> bytes:
    buffer = io.StringIO()
    sources = [field["source"] for field in contract["entities"][entity]["fields"]]
    writer = csv.DictWriter(buffer, sources, delimiter=contract["csv"]["delimiter"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode(contract["encoding"])


def _as_jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
