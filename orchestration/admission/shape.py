"""From canonical originals to raw rows: masked texts, pseudonyms, system columns.

Here: what a raw file, an originals file and an identity file contain. How files are written is
`parquet_files.py`; how text is masked and identifiers get their normal form is `masking/`, `pseudonym.py`.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pyarrow as pa

from data_quality.contract import RESTRICTED_CLASSES, TEXT_CLASSES, Contract, Entity, Field, Verbatim
from orchestration.admission.canonical import event_instant
from orchestration.admission.dispositions import Candidate, version_key
from orchestration.admission.keys import Keys
from orchestration.admission.ledger import instant_of
from orchestration.admission.ledger_types import Delivery
from orchestration.admission.masking import MASKER_VERSION, MaskResult, mask_text
from orchestration.admission.masking.whole_value import identifier_class
from orchestration.admission.pseudonym import domain_of, normalise, vin8, vin_parts
from orchestration.partitions import business_date

_SYSTEM = (
    ("record_id", pa.string()),
    ("voice_id", pa.string()),
    ("version_key", pa.string()),
    ("content_hash", pa.string()),
    ("delivery_id", pa.string()),
    ("record_ordinal", pa.int64()),
    ("byte_start", pa.int64()),
    ("byte_end", pa.int64()),
    ("received_at", pa.timestamp("us")),
    ("ingest_date", pa.date32()),
    ("event_at", pa.timestamp("us")),
    ("event_date", pa.date32()),
    ("event_basis", pa.string()),
    ("is_deleted", pa.bool_()),
    ("contract_version", pa.int32()),
    ("masker_version", pa.string()),
    ("pii_found", pa.string()),
    ("text_keys", pa.list_(pa.string())),
    ("verbatim", pa.string()),
    ("score_input_hash", pa.string()),
)
ORIGINAL_SCHEMA = pa.schema(
    [
        ("record_id", pa.string()),
        ("voice_id", pa.string()),
        ("content_hash", pa.string()),
        ("record_ordinal", pa.int64()),
        ("received_at", pa.timestamp("us")),
        ("fields_json", pa.string()),
        ("extra_json", pa.string()),
    ]
)
IDENTITY_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("domain", "key", "pii_class", "value", "normalised")]
)
_NO_FINDINGS = "{}"
_SLICE = 8_192
_CACHED_CHARS = 64  # short texts (brands, places) repeat; long ones do not


def raw_schema(contract: Contract, entity: Entity | str) -> pa.Schema:
    """Return the exact Arrow schema of an entity's raw files (docs/interfaces.md §6)."""
    one = contract.entities[entity] if isinstance(entity, str) else entity
    return pa.schema([*_SYSTEM, *((column, pa.string()) for column in one.raw_columns)])


@dataclass(slots=True)
class _Notes:
    """What the masker found in one record; most have nothing."""

    counts: dict[str, int] | None = None
    keys: list[str] | None = None

    def add(self, pii: str) -> list[str]:
        """Count one identifier of a class; return the list its pseudonym belongs into."""
        if self.counts is None or self.keys is None:
            self.counts, self.keys = {}, []
        self.counts[pii] = self.counts.get(pii, 0) + 1
        return self.keys


class Shaper:
    """Builds the tables of one entity of one delivery; gathers identities and subjects on the way."""

    def __init__(self, contract: Contract, entity: Entity, delivery: Delivery, keys: Keys) -> None:
        self._contract, self._entity, self._delivery, self._keys = contract, entity, delivery, keys
        self._identifiers: dict[tuple[str, str], tuple[str | None, ...]] = {}
        self._subject_of: dict[tuple[str, str], str | None] = {}
        self._masked: dict[str, MaskResult] = {}
        self.identities: dict[tuple[str, str], tuple[str, str, str, str, str]] = {}
        self.subjects: set[str] = set()
        self._event_basis = entity.event_basis
        self._events: dict[str, tuple[datetime, date]] = {}
        self._moments: dict[str, tuple[datetime, date]] = {}
        self._names = [one.name for one in entity.fields]
        self._event_at = None if entity.event_field is None else self._names.index(entity.event_field)
        self._received = _naive(delivery.received_at)

    def raw_table(self, admitted: Sequence[Candidate]) -> pa.Table:
        """Return the raw rows of the admitted candidates, in record order."""
        schema = raw_schema(self._contract, self._entity)
        slices = [self._slice(admitted[at : at + _SLICE]) for at in range(0, len(admitted), _SLICE)]
        return pa.concat_tables(slices) if slices else schema.empty_table()

    def _slice(self, admitted: Sequence[Candidate]) -> pa.Table:
        notes = [_Notes() for _ in admitted]
        texts: dict[str, Sequence[str | None]] = {}
        columns: list[Sequence[str | None]] = []
        for at, spec in enumerate(self._entity.fields):
            values = [one.values[at] for one in admitted]
            cells = self._columns(spec, values, notes)
            columns += cells
            if self._entity.verbatim and spec.name in self._entity.verbatim.fields:
                texts[spec.name] = cells[0]
        verbatim = self._verbatim_column(admitted, texts)
        system = [self._system_row(*one) for one in zip(admitted, notes, verbatim, strict=True)]
        parts = list(zip(*system, strict=True)) if system else [()] * len(_SYSTEM)
        arrays = [pa.array(list(part), kind) for part, (_, kind) in zip(parts, _SYSTEM, strict=True)]
        arrays += [pa.array(list(column), pa.string()) for column in columns]
        return pa.table(arrays, schema=raw_schema(self._contract, self._entity))

    def original_table(self, admitted: Sequence[Candidate]) -> pa.Table:
        """Return the canonical original values of the admitted candidates."""
        slices = [
            table_of([self._original(one) for one in admitted[at : at + _SLICE]], ORIGINAL_SCHEMA)
            for at in range(0, len(admitted), _SLICE)
        ]
        return pa.concat_tables(slices) if slices else ORIGINAL_SCHEMA.empty_table()

    def _original(self, one: Candidate) -> tuple[Any, ...]:
        return (
            one.record_id.hex(),
            None if one.voice_id is None else one.voice_id.hex(),
            one.content_hash.hex(),
            one.ordinal,
            self._received,
            orjson.dumps(dict(zip(self._names, one.values, strict=True))).decode(),
            None if not one.item.extra else orjson.dumps(one.item.extra, default=str).decode(),
        )

    def identity_table(self) -> pa.Table:
        """Return pseudonym → original value for everything met so far, in stable order."""
        return identity_table(self.identities)

    def _system_row(self, one: Candidate, notes: _Notes, verbatim: str | None) -> tuple[Any, ...]:
        seen_at, seen_day = self._moment(one.content_sighting)
        event_at, event_date = self._event(one)
        return (
            one.record_id.hex(),
            None if one.voice_id is None else one.voice_id.hex(),
            version_key(one.version, one.content_hash, one.content_sighting, one.first_sighting),
            one.content_hash.hex(),
            self._delivery.delivery_id,
            one.ordinal,
            one.item.start,
            one.item.end,
            seen_at,
            seen_day,
            event_at,
            event_date,
            self._event_basis,
            one.is_deleted,
            self._contract.version,
            MASKER_VERSION,
            _counts_json(notes.counts),
            notes.keys or (),
            verbatim,
            None if verbatim is None else hashlib.sha256(verbatim.encode()).hexdigest(),
        )

    def _event(self, one: Candidate) -> tuple[datetime, date]:
        if self._event_at is None:
            return self._moment(one.first_sighting)
        text = one.values[self._event_at]
        assert text is not None  # noqa: S101 - the contract makes event fields required
        known = self._events.get(text)
        if known is None:
            spec = self._entity.fields[self._event_at]
            known = (_naive(event_instant(spec, text)), date.fromisoformat(one.event_date))
            self._events[text] = known
        return known

    def _moment(self, sighted: str) -> tuple[datetime, date]:
        known = self._moments.get(sighted)
        if known is None:
            instant = instant_of(sighted.partition("/")[0])
            known = self._moments[sighted] = (_naive(instant), business_date(instant))
        return known

    def _columns(
        self, spec: Field, values: list[str | None], notes: list[_Notes]
    ) -> list[Sequence[str | None]]:
        """Return the raw columns of one field."""
        if spec.pii in RESTRICTED_CLASSES:
            return []
        if spec.is_identifier:
            return list(zip(*(self._identifier(spec, value) for value in values), strict=True)) or [
                () for _ in spec.raw_columns
            ]
        if spec.pii not in TEXT_CLASSES:
            is_code = spec.type == "string" and not spec.values
            return [list(map(self._code, values, notes)) if is_code else values]
        mask = self._mask_json if spec.type == "json" else self._mask
        return [
            [None if value is None else mask(value, note) for value, note in zip(values, notes, strict=True)]
        ]

    # -- identifiers ----------------------------------------------------------------------------

    def _identifier(self, spec: Field, value: str | None) -> tuple[str | None, ...]:
        if value is None:
            return (None,) * len(spec.raw_columns)
        known = self._identifiers.get((spec.pii, value))
        if known is None:
            known = self._identifiers[spec.pii, value] = self._new_identifier(spec.pii, value)
        return known

    def _new_identifier(self, pii: str, value: str) -> tuple[str | None, ...]:
        key = self._subject(pii, value)
        if pii != "vin":
            return (key,)
        parts = vin_parts(value)
        year = None if parts.model_year is None else str(parts.model_year)
        short = self._subject("vin8", value) if vin8(value) else None
        return key, short, parts.wmi, year, parts.plant

    def _subject(self, pii: str, value: str) -> str | None:
        """Return the pseudonym of an identifier, remembering whom it belongs to."""
        if (pii, value) in self._subject_of:
            return self._subject_of[pii, value]
        domain, normal = normalise(pii, value, self._contract.channel)
        key = self._keys.pseudonym(domain, normal) if normal else None
        if key is not None:
            self.identities[key, value] = (domain, key, pii, value, normal)
            self.subjects.add(f"{domain}:{key}")
        self._subject_of[pii, value] = key
        return key

    def _code(self, value: str | None, notes: _Notes) -> str | None:
        """Return a code as it is, or the pseudonym of the identifier that it is in truth."""
        pii = None if value is None else identifier_class(value)
        if value is None or pii is None:
            return value
        self._note_found(pii, value, notes.add(pii))
        return self._subject(pii, value)

    # -- text -------------------------------------------------------------------------------------

    def _mask(self, text: str, notes: _Notes) -> str:
        if len(text) > _CACHED_CHARS:
            result = mask_text(text)
        elif (cached := self._masked.get(text)) is not None:
            result = cached
        else:
            result = self._masked[text] = mask_text(text)
        for found in result.found:
            self._note_found(found.pii_class, found.value, notes.add(found.pii_class))
        return result.text

    def _note_found(self, pii: str, value: str, text_keys: list[str]) -> None:
        if pii in RESTRICTED_CLASSES:
            return
        for one in ("vin", "vin8") if pii == "vin" else (pii,):
            if one == "vin8" and not vin8(value):
                continue
            if (key := self._subject(one, value)) is not None:
                subject = f"{domain_of(one)}:{key}"
                if subject not in text_keys:
                    text_keys.append(subject)

    def _mask_json(self, text: str, notes: _Notes) -> str:
        return orjson.dumps(masked_json(orjson.loads(text), lambda one: self._mask(one, notes))).decode()

    def _verbatim_column(
        self, admitted: Sequence[Candidate], texts: dict[str, Sequence[str | None]]
    ) -> list[str | None]:
        """Return the voice's own words per record, from the masked texts of the rule's fields."""
        rule = self._entity.verbatim
        if rule is None:
            return [None] * len(admitted)
        parts = zip(*(texts[name] for name in rule.fields), strict=True)
        said = [_joined(part) for part in parts] if len(rule.fields) > 1 else list(texts[rule.fields[0]])
        if rule.item_text is not None:
            return [self._items(rule, text) for text in said]
        if rule.role_field is None:
            return said
        at = self._names.index(rule.role_field)
        return [
            text if one.values[at] == rule.role else None for one, text in zip(admitted, said, strict=True)
        ]

    @staticmethod
    def _items(rule: Verbatim, masked: str | None) -> str | None:
        if masked is None or rule.item_text is None:
            return None
        return voice_text(orjson.loads(masked), rule.item_text, str(rule.item_role), str(rule.role))


def _joined(parts: Sequence[str | None]) -> str | None:
    return "\n".join(one for one in parts if one) or None


def _counts_json(counts: dict[str, int] | None) -> str:
    return orjson.dumps(counts, option=orjson.OPT_SORT_KEYS).decode() if counts else _NO_FINDINGS


def voice_text(items: Any, item_text: str, item_role: str, role: str) -> str | None:
    """Join the texts of one role in a list of turns; None if that role says nothing."""
    if not isinstance(items, list):
        return None
    said = [
        one[item_text]
        for one in items
        if isinstance(one, dict) and one.get(item_role) == role and isinstance(one.get(item_text), str)
    ]
    return "\n".join(said) or None


def masked_json(value: Any, mask: Callable[[str], str]) -> Any:
    """Return a JSON value with its texts and keys masked; a number that is an identifier: its token."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return _masked_object(value, mask)
    if isinstance(value, list):
        return [masked_json(one, mask) for one in value]
    if isinstance(value, int | float) and not isinstance(value, bool) and 999_999 < abs(value) < 1e30:
        text = str(int(value)) if value == int(value) else str(value)
        masked = mask(text)
        return value if masked == text else masked
    return value


def _masked_object(value: dict[str, Any], mask: Callable[[str], str]) -> dict[str, Any]:
    """Mask keys, too; keys that become one token are numbered, so that no value is lost."""
    if all(map(_is_plain_key, value)):
        return {key: masked_json(one, mask) for key, one in value.items()}
    out: dict[str, Any] = {}
    for key, one in value.items():
        masked, number = mask(key), 1
        unique = masked
        while unique in out or (unique != key and unique in value):
            number += 1
            unique = f"{masked}{number}"
        out[unique] = masked_json(one, mask)
    return out


@functools.lru_cache(maxsize=1024)
def _is_plain_key(key: str) -> bool:
    """Tell whether a key of a JSON object holds no identifier: the keys of a channel repeat."""
    return not mask_text(key).found


def identity_table(identities: dict[tuple[str, str], tuple[str, str, str, str, str]]) -> pa.Table:
    """Return an identity table in stable order."""
    return table_of(sorted(identities.values()), IDENTITY_SCHEMA)


def table_of(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    """Return rows as a table of a schema, built in slices to keep the peak of memory low."""
    tables = []
    for at in range(0, len(rows), _SLICE):
        columns = zip(*rows[at : at + _SLICE], strict=True)
        arrays = [pa.array(list(column), one.type) for column, one in zip(columns, schema, strict=True)]
        tables.append(pa.table(arrays, schema=schema))
    return pa.concat_tables(tables) if tables else schema.empty_table()


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
