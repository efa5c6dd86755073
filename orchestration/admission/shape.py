"""From canonical originals to raw rows: masked texts, pseudonyms, system columns.

Here: what a raw file, an originals file and an identity file contain. How files are written is
`parquet_files.py`; how text is masked and identifiers get their normal form is `masking/`, `pseudonym.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pyarrow as pa

from data_quality.contract import RESTRICTED_CLASSES, TEXT_CLASSES, Contract, Entity, Field
from orchestration.admission.canonical import event_instant
from orchestration.admission.dispositions import Candidate, version_key
from orchestration.admission.keys import Keys
from orchestration.admission.ledger import instant_of
from orchestration.admission.ledger_types import Delivery
from orchestration.admission.masking import MASKER_VERSION, MaskResult, mask_text
from orchestration.admission.pseudonym import normalise, vin8, vin_parts
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
_CACHED_CHARS = 64  # short texts (brands, places) repeat; long ones do not


def raw_schema(contract: Contract, entity: Entity | str) -> pa.Schema:
    """Return the exact Arrow schema of an entity's raw files (docs/interfaces.md §6)."""
    one = contract.entities[entity] if isinstance(entity, str) else entity
    return pa.schema([*_SYSTEM, *((column, pa.string()) for column in one.raw_columns)])


class Shaper:
    """Builds the tables of one entity of one delivery; gathers identities and subjects on the way."""

    def __init__(self, contract: Contract, entity: Entity, delivery: Delivery, keys: Keys) -> None:
        self._contract, self._entity, self._delivery, self._keys = contract, entity, delivery, keys
        self._identifiers: dict[tuple[str, str], tuple[str | None, ...]] = {}
        self._subject_of: dict[tuple[str, str], str | None] = {}
        self._masked: dict[str, MaskResult] = {}
        self.identities: dict[tuple[str, str], tuple[str, str, str, str, str]] = {}
        self.subjects: set[str] = set()
        self._verbatim_items: list[str] = []

    def raw_table(self, admitted: Sequence[Candidate]) -> pa.Table:
        """Return the raw rows of the admitted candidates, in record order."""
        fields = self._entity.fields
        system: list[list[Any]] = [[] for _ in _SYSTEM]
        width = len(self._entity.raw_columns)
        columns: list[list[str | None]] = [[] for _ in range(width)]
        for one in admitted:
            counts: dict[str, int] = {}
            text_keys: list[str] = []
            verbatim: str | None = None
            at = 0
            for spec, value in zip(fields, one.values, strict=True):
                for cell in self._cells(spec, value, counts, text_keys):
                    columns[at].append(cell)
                    at += 1
                if self._entity.verbatim and self._entity.verbatim.field == spec.name and value is not None:
                    verbatim = self._verbatim(columns[at - 1][-1])
            for column, cell in zip(system, self._system_row(one, counts, text_keys, verbatim), strict=True):
                column.append(cell)
        arrays = [pa.array(column, kind) for column, (_, kind) in zip(system, _SYSTEM, strict=True)]
        arrays += [pa.array(column, pa.string()) for column in columns]
        return pa.table(arrays, schema=raw_schema(self._contract, self._entity))

    def original_table(self, admitted: Sequence[Candidate]) -> pa.Table:
        """Return the canonical original values of the admitted candidates."""
        names = [one.name for one in self._entity.fields]
        rows = [
            (
                one.record_id.hex(),
                None if one.voice_id is None else one.voice_id.hex(),
                one.content_hash.hex(),
                one.ordinal,
                _naive(self._delivery.received_at),
                orjson.dumps(dict(zip(names, one.values, strict=True))).decode(),
                None if not one.item.extra else orjson.dumps(one.item.extra, default=str).decode(),
            )
            for one in admitted
        ]
        return _table(rows, ORIGINAL_SCHEMA)

    def identity_table(self) -> pa.Table:
        """Return pseudonym → original value for everything met so far, in stable order."""
        return identity_table(self.identities)

    def _system_row(
        self, one: Candidate, counts: dict[str, int], text_keys: list[str], verbatim: str | None
    ) -> tuple[Any, ...]:
        seen_at = instant_of(one.content_sighting.partition("/")[0])
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
            _naive(seen_at),
            business_date(seen_at),
            event_at,
            event_date,
            self._entity.event_basis,
            one.is_deleted,
            self._contract.version,
            MASKER_VERSION,
            orjson.dumps(counts, option=orjson.OPT_SORT_KEYS).decode() if counts else _NO_FINDINGS,
            text_keys,
            verbatim,
            None if verbatim is None else hashlib.sha256(verbatim.encode()).hexdigest(),
        )

    def _event(self, one: Candidate) -> tuple[datetime, date]:
        if self._entity.event_field is None:
            instant = instant_of(one.first_sighting.partition("/")[0])
            return _naive(instant), business_date(instant)
        spec = self._entity.field_named(self._entity.event_field)
        text = one.values[self._entity.fields.index(spec)]
        assert text is not None  # noqa: S101 - the contract makes event fields required
        return _naive(event_instant(spec, text)), date.fromisoformat(one.event_date)

    def _cells(
        self, spec: Field, value: str | None, counts: dict[str, int], text_keys: list[str]
    ) -> tuple[str | None, ...]:
        if spec.pii in RESTRICTED_CLASSES:
            return ()
        if spec.is_identifier:
            return self._identifier(spec, value)
        if value is None:
            return (None,)
        if spec.type == "json":
            return (self._mask_json(value, counts, text_keys),)
        if spec.pii in TEXT_CLASSES:
            return (self._mask(value, counts, text_keys),)
        return (value,)

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
        domain, normal = normalise(pii, value)
        key = self._keys.pseudonym(domain, normal) if normal else None
        if key is not None:
            self.identities[key, value] = (domain, key, pii, value, normal)
            self.subjects.add(f"{domain}:{key}")
        self._subject_of[pii, value] = key
        return key

    # -- text -------------------------------------------------------------------------------------

    def _mask(self, text: str, counts: dict[str, int], text_keys: list[str]) -> str:
        if len(text) > _CACHED_CHARS:
            result = mask_text(text)
        elif (cached := self._masked.get(text)) is not None:
            result = cached
        else:
            result = self._masked[text] = mask_text(text)
        for found in result.found:
            counts[found.pii_class] = counts.get(found.pii_class, 0) + 1
            self._note_found(found.pii_class, found.value, text_keys)
        return result.text

    def _note_found(self, pii: str, value: str, text_keys: list[str]) -> None:
        if pii in RESTRICTED_CLASSES:
            return
        for one in ("vin", "vin8") if pii == "vin" else (pii,):
            if one == "vin8" and not vin8(value):
                continue
            if (key := self._subject(one, value)) is not None:
                subject = f"{normalise(one, value)[0]}:{key}"
                if subject not in text_keys:
                    text_keys.append(subject)

    def _mask_json(self, text: str, counts: dict[str, int], text_keys: list[str]) -> str:
        value = orjson.loads(text)
        self._verbatim_items = []

        def mask(one: str) -> str:
            return self._mask(one, counts, text_keys)

        return orjson.dumps(masked_json(value, mask)).decode()

    def _verbatim(self, masked: str | None) -> str | None:
        rule = self._entity.verbatim
        if rule is None or masked is None or rule.item_text is None:
            return masked
        items = orjson.loads(masked)
        return voice_text(items, rule.item_text, str(rule.item_role), str(rule.role))


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
    """Return a JSON value with its texts masked; a number that is an identifier becomes its token."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: masked_json(one, mask) for key, one in value.items()}
    if isinstance(value, list):
        return [masked_json(one, mask) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 999_999:
        text = str(value)
        masked = mask(text)
        return value if masked == text else masked
    return value


def identity_table(identities: dict[tuple[str, str], tuple[str, str, str, str, str]]) -> pa.Table:
    """Return an identity table in stable order."""
    return _table(sorted(identities.values()), IDENTITY_SCHEMA)


def _table(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    return pa.table(
        [pa.array(list(column), one.type) for column, one in zip(columns, schema, strict=True)], schema=schema
    )


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
