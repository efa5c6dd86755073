"""Canaries: invented identifiers of every class, written many ways, planted in delivery files.

`make_canaries` gives values, `obfuscate` ways of writing them, `sentences` texts that carry them,
`plant` one valid delivery file of a channel with canaries in every field that can hold one.
"""

# Tables of Chinese text read better in rows than one word a line.

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.masking import identifiers
from tests.privacy import delivery_files

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
    "app_account": ("phone", "mail"), "handle": ("wechat", "phone"),
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
    return delivery_files.whole(contract_of(channel), planted_rows(channel, canaries, entity, seed))


def planted_rows(
    channel: str, canaries: dict[str, list[str]], entity: str | None = None, seed: int = 0
) -> list[dict[str, Any]]:
    """Return the rows of `plant` by source name, those of nested objects by dotted name."""
    contract = contract_of(channel)
    name = entity or entities(channel)[0]
    texts = list(dict.fromkeys(sentences(canaries, seed)))
    if "vin" in contract["entities"][name]["record_key"]:
        texts = texts[: len(canaries["vin"])]
    return [_row(contract, name, place, text, canaries) for place, text in enumerate(texts)]


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
    is_typed = contract["format"] == "jsonl"
    # Lines of several entities say what they are.
    row = {"record_type": entity} if is_typed and len(contract["entities"]) > 1 else {}
    row |= {_source(field): _value(field, place, text, canaries, is_typed) for field in fields}
    for field in fields:
        # Key fields must tell the rows apart; identifier keys do so by a number of their own.
        if field["name"] in keys and field["pii"] in ("customer_no", "handle", "short_text"):
            told_apart = f"{row[_source(field)]}-{place}"
            row[_source(field)] = told_apart if len(told_apart) <= field.get("max_chars", 99) else f"N{place}"
    return row


def _source(field: dict[str, Any]) -> str:
    """Return the field's name in a record; of several the one used before it was renamed."""
    source = field["source"]
    return source if isinstance(source, str) else source[0]


def _value(field: dict[str, Any], place: int, text: str, canaries: dict[str, list[str]], typed: bool) -> Any:
    pii = field["pii"]
    if pii == "free_text":
        return _json_text(field["name"], text) if field["type"] == "json" else text
    if pii == "short_text":
        return _short(field, place, canaries)
    if pii in FIELD_CLASSES:
        pattern = field.get("pattern", ".*")
        names = [name for name in FIELD_CLASSES[pii] if re.fullmatch(pattern, canaries[name][0])]
        name = names[place % len(names)]
        return canaries[name][place // len(names) % len(canaries[name])]
    if pii == "vin8":
        return f"{place:08}"
    return _plain(field, place, typed)


def _json_text(name: str, text: str) -> Any:
    if name == "turns":
        return [
            {"speaker": "agent", "text": f"您好，请问是{text}吗"},
            *({"speaker": customer, "text": text} for customer in ("customer", "受访者")),
        ]
    return ["投诉", text]


def _short(field: dict[str, Any], place: int, canaries: dict[str, list[str]]) -> str:
    names = list(SHORT_FRAMES)
    for shift in range(len(names)):
        name = names[(place + shift) % len(names)]
        written = SHORT_FRAMES[name].format(canaries[name][place % len(canaries[name])])
        if len(written) <= field.get("max_chars", 1_000):
            return written
    return ""


# What a field that names nobody may look like; the first that its pattern admits is taken.
_PLAIN = ("N{:08d}", "20260401{:010d}", "service_line", "SEA-NOI", "{:04d}-07", "{:08d}")


def _plain(field: dict[str, Any], place: int, typed: bool) -> Any:
    kind = field["type"]
    if "values" in field:
        # Neither a deleted nor a cancelled record.
        allowed = [value for value in field["values"] if value not in {"deleted", "作废", "已退订"}]
        return allowed[place % len(allowed)]
    if kind == "boolean":
        return bool(place % 2) if typed else "是"
    if kind == "json":
        return {}
    if kind == "integer":
        least, most = field.get("min", 0), field.get("max", 100_000)
        return least + place % (most - least + 1)
    if kind == "decimal":
        written = "0.13" if field.get("max") == 1 else f"{place % 900 + 1}.50"
        if typed:
            return float(written)
        return written.replace(".", ",") if field.get("decimal_comma") else written
    if kind == "epoch_ms":
        return 1_772_400_000_000 + place * 1_000
    if kind in ("date", "datetime"):
        usual = "%Y-%m-%d" if kind == "date" else "%Y-%m-%d %H:%M:%S"
        return _moment(place).strftime(field.get("date_format", usual))
    form = next(one for one in _PLAIN if re.fullmatch(field.get("pattern", ".*"), one.format(place)))
    return form.format(place)


def _moment(place: int) -> datetime:
    return datetime(2026, 3, 1) + timedelta(days=place % 28, hours=place % 24, minutes=place % 60)  # noqa: DTZ001
