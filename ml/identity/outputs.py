"""The results as others read them: numbers become keys again, persons and households get lasting ids.

Which tables there are and what they hold is made by `resolve` and `voices`; writing them is `graph`'s.
Persons and keys have a total order, so that equal results are equal bytes; the two long tables have
none: sorting a million rows of texts would cost more than finding them.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa

_SQL_TYPES = {
    pa.string(): "varchar",
    pa.date32(): "date",
    pa.float64(): "double",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
}


def _hashed(text: str, prefix: str = "p") -> str:
    """Return SQL for the lasting id of a key: no secret, the key is already a pseudonym."""
    return f"'{prefix}_' || left(sha256({text}), 24)"


_SOURCES: Mapping[str, tuple[Mapping[str, str], str, str]] = {
    # Result → (columns that are not the table's own, joins, order).
    "key_person": (
        {"key": "k.name", "person_id": "p.id", "household_id": "h.id"},
        "join state.key_name k on r.key = k.key left join person_name p on r.person_id = p.person_id"
        " left join household_name h on r.household_id = h.household_id",
        "r.domain, r.key, r.person_id, r.valid_from, r.valid_to, r.method, r.evidence_count",
    ),
    "person": (
        {"person_id": "p.id", "anchor_key": "k.name", "household_id": "h.id"},
        "join person_name p on r.person_id = p.person_id join state.key_name k on r.anchor_key = k.key"
        " left join household_name h on r.household_id = h.household_id",
        "r.person_id",
    ),
    "vehicle_owner": (
        {"vin_key": "v.name", "customer_key": "c.name", "person_id": "p.id"},
        "join state.key_name v on r.vin_key = v.key join state.key_name c on r.customer_key = c.key"
        " join person_name p on r.person_id = p.person_id",
        "r.vin_key, r.valid_from, r.customer_key, r.relation, r.valid_to",
    ),
    "link_edge": (
        {"key_a": "a.name", "key_b": "b.name"},
        "join state.key_name a on r.key_a = a.key join state.key_name b on r.key_b = b.key",
        "",
    ),
    "alias": (
        {"alias_id": _hashed("r.domain || ':' || k.name"), "person_id": "p.id", "key": "k.name"},
        "join state.key_name k on r.key = k.key join person_name p on r.person_id = p.person_id",
        "r.domain, r.key, r.person_id, r.merged_date",
    ),
    "voice_link": (
        {
            "feedback_id": "f.name",
            "person_id": "p.id",
            "household_id": "h.id",
            "customer_key": "c.name",
            "vin_key": "v.name",
        },
        "join state.voice_name f on r.feedback_id = f.voice"
        " left join person_name p on r.person_id = p.person_id"
        " left join household_name h on r.household_id = h.household_id"
        " left join state.key_name c on r.customer_key = c.key"
        " left join state.key_name v on r.vin_key = v.key",
        "",
    ),
}


def name_persons(connection: duckdb.DuckDBPyConnection) -> None:
    """Lay `person_name` and `household_name`: number → lasting id."""
    connection.execute(f"""
        create or replace temp table person_name as
        select p.person_id, {_hashed("p.anchor_domain || ':' || k.name")} as id
        from person p join state.key_name k on p.anchor_key = k.key""")
    connection.execute(f"""
        create or replace temp table household_name as
        select h.household_id, {_hashed("'household:' || p.id", "h")} as id
        from (select distinct household_id from person_household) h
            join person_name p on h.household_id = p.person_id""")


def result_query(name: str, schema: pa.Schema) -> str:
    """Return the ordered query of one result, its columns cast to the declared types."""
    told, joins, order = _SOURCES[name]
    columns = ", ".join(
        f"cast({told.get(field.name, f'r.{field.name}')} as {_SQL_TYPES[field.type]}) as {field.name}"
        for field in schema
    )
    return f"select {columns} from {name} r {joins}" + (f" order by {order}" if order else "")
