"""From sightings to persons: whose key is it, since when, and how sure is that.

A pure function of the set of sightings, the decisions of people and the day table: the order in which
deliveries came does not matter. Persons are anchored on customer numbers; weaker keys attach to a
person for an interval and never merge two of them. Who spoke in which voice is `voices`.

Keys, records and persons are numbers here (see `state`); a person's number is that of its anchor's
key. `outputs` gives them their names.

Method: explicit rules with confidences (ml/resources/identity_rules.csv), combined by noisy-or over
records and capped by the weakest identifier; connected components only where a rule says that two
keys are one person. See docs/identity.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.identity.evidence import DOMAINS, load_rules, where_of
from ml.identity.state import number_of

# A key that more persons give is a counter's, a fleet's or a made-up one: it says nothing of anybody.
PUBLIC_KEY_PERSONS = 6
HOUSEHOLD_PERSONS = 8
# Registered today, called last week: a key counts for its only holder this long before it was first seen.
GRACE_DAYS = 30
# More sightings of the same kind add nothing.
COUNTED_SIGHTINGS = 3
# No combination of sightings is surer than the identifier itself.
CAPS = {
    "customer": 1.0, "id_card": 0.99, "account": 0.98, "phone": 0.97, "mail": 0.97, "handle": 0.95,
    "order": 0.99, "lead": 0.98, "visit": 0.90, "invitation": 0.98, "voice": 0.95,
}  # fmt: skip
CODES = ("order", "lead", "visit", "invitation", "voice")
_SHIFT = "interval 8 hours"
_FIRST, _LAST = "date '0001-01-01'", "date '9999-12-31'"

KEY_PERSON = pa.schema(
    [
        ("domain", pa.string()), ("key", pa.string()), ("person_id", pa.string()),
        ("household_id", pa.string()), ("confidence", pa.float64()), ("method", pa.string()),
        ("valid_from", pa.date32()), ("valid_to", pa.date32()), ("evidence_count", pa.int64()),
        ("is_anchored", pa.bool_()), ("is_shared", pa.bool_()), ("is_staff", pa.bool_()),
    ]
)  # fmt: skip
PERSON = pa.schema(
    [
        ("person_id", pa.string()), ("anchor_domain", pa.string()), ("anchor_key", pa.string()),
        ("household_id", pa.string()), ("is_anchored", pa.bool_()), ("customer_count", pa.int64()),
    ]
)  # fmt: skip
VEHICLE_OWNER = pa.schema(
    [
        ("vin_key", pa.string()), ("customer_key", pa.string()), ("person_id", pa.string()),
        ("valid_from", pa.date32()), ("valid_to", pa.date32()), ("relation", pa.string()),
        ("basis", pa.string()), ("confidence", pa.float64()),
    ]
)  # fmt: skip
LINK_EDGE = pa.schema(
    [
        ("domain_a", pa.string()), ("key_a", pa.string()), ("domain_b", pa.string()), ("key_b", pa.string()),
        ("method", pa.string()), ("kind", pa.string()), ("confidence", pa.float64()),
        ("evidence_count", pa.int64()), ("first_seen_date", pa.date32()), ("last_seen_date", pa.date32()),
    ]
)  # fmt: skip
ALIAS = pa.schema(
    [
        ("alias_id", pa.string()), ("person_id", pa.string()), ("domain", pa.string()),
        ("key", pa.string()), ("merged_date", pa.date32()),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Decision:
    """What a person decided about two keys: `merge` (they are one) or `unmerge` (they are not)."""

    action: str
    domain_a: str
    key_a: str
    domain_b: str
    key_b: str


@dataclass(frozen=True)
class Policy:
    """What may be linked: channels whose authors are public, and whether consent may open them."""

    public_channels: tuple[str, ...] = ()
    link_public_handles: bool = False
    consent_purpose: str = "公域身份关联"
    decisions: tuple[Decision, ...] = field(default=())


def resolve(connection: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Fill the tables key_person, person, vehicle_owner, link_edge and alias of a connection.

    Reads the attached `SightingState`. Temporary tables that `voices` reads besides: sight, staff,
    vin_alias, customer_person, consent.
    """
    keys = ", ".join(f"{domain}_key" for domain in DOMAINS)
    connection.execute(
        f"create or replace temp view sight as select channel, entity, record, voice, from_date,"
        f" until_date, detail, {keys}, text_keys, cast(event_at + {_SHIFT} as date) as seen_date"
        f" from state.sight where not is_deleted"
    )
    _staff(connection)
    _consent(connection, policy)
    _versions(connection)
    _decisions(connection, policy.decisions)
    _edges(connection)
    _customers(connection)
    _owners(connection)
    _vin_aliases(connection)
    _links(connection)
    _validity(connection)
    _indirect(connection)
    _households(connection)
    _unanchored(connection)
    _outputs(connection)


def _staff(connection: duckdb.DuckDBPyConnection) -> None:
    where = where_of(rule for rule in load_rules() if rule.kind == "staff")
    connection.execute(
        f"""
        create or replace temp table staff as
        with employed as (
            select phone_key as key, coalesce(min(from_date), {_FIRST}) as valid_from,
                case when count(*) = count(until_date) then max(until_date) end as valid_to
            from sight where ({where}) and phone_key is not null
            group by record, phone_key
        )
        -- An end before the beginning is no end: whose phone it is must not be guessed from it.
        select key, valid_from, case when valid_to > valid_from then valid_to end as valid_to
        from employed"""
    )


def _consent(connection: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    where = where_of(rule for rule in load_rules() if rule.kind == "consent")
    connection.execute(
        f"""
        create or replace temp table consent as
        select distinct customer_key, coalesce(from_date, {_FIRST}) as valid_from, until_date as valid_to
        from sight where ({where}) and detail = $purpose and customer_key is not null and $allowed""",
        {"purpose": policy.consent_purpose, "allowed": policy.link_public_handles},
    )


def _versions(connection: duckdb.DuckDBPyConnection) -> None:
    """One row per version of a master record, with the days [from_date, until_date) it held."""
    connection.execute(
        f"""
        create or replace temp table version as
        with dated as (
            select *, cast(event_at + {_SHIFT} as date) as seen_date,
                cast(coalesce(version_at, event_at) + {_SHIFT} as date) as version_date,
                row_number() over (partition by record order by version_key, content_hash) as version_no
            from state.history
        )
        select * replace (
            case when version_no = 1 then least(seen_date, version_date) else version_date end as from_date,
            lead(version_date) over (partition by record order by version_no) as until_date)
        from dated"""
    )
    # A version that was replaced the same day never held.
    connection.execute("delete from version where until_date <= from_date or is_deleted")


def _decisions(connection: duckdb.DuckDBPyConnection, decisions: Sequence[Decision]) -> None:
    """Lay the last decision about each pair of keys, in both directions."""
    last = {frozenset(((one.domain_a, one.key_a), (one.domain_b, one.key_b))): one for one in decisions}
    rows = [
        (one.action, *pair)
        for one in last.values()
        for pair in (
            (one.domain_a, one.key_a, one.domain_b, one.key_b),
            (one.domain_b, one.key_b, one.domain_a, one.key_a),
        )
    ]
    names = ("action", "domain_a", "key_a", "domain_b", "key_b")
    columns = {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)}
    connection.register("decided", pa.table(columns))
    connection.execute(
        f"""
        create or replace temp table decision as
        select action, domain_a, {number_of("domain_a", "key_a")} as key_a, domain_b,
            {number_of("domain_b", "key_b")} as key_b
        from decided"""
    )
    connection.unregister("decided")


def _edges(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        create or replace temp table seen(
            domain_a varchar, key_a ubigint, domain_b varchar, key_b ubigint, method varchar, kind varchar,
            weight bigint, is_held boolean, from_date date, until_date date, detail varchar,
            seen_date date)"""
    )
    for rule in load_rules():
        if not rule.domain_b:
            continue
        is_held = rule.is_history or bool(rule.from_field)
        connection.execute(
            f"""
            insert into seen
            select '{rule.domain_a}', {rule.domain_a}_key, '{rule.domain_b}', {rule.domain_b}_key,
                '{rule.method}', '{rule.kind}', {_weight(rule.confidence)}, {is_held},
                {"from_date, until_date, detail" if is_held else "null, null, null"},
                {"coalesce(from_date, seen_date)" if rule.is_history else "seen_date"}
            from {"version" if rule.is_history else "sight"}
            where {where_of([rule])} and {rule.domain_a}_key is not null and {rule.domain_b}_key is not null
                {"and from_date is not null" if rule.from_field else ""}"""
        )
    connection.execute(
        """
        delete from seen using decision d
        where d.action = 'unmerge' and seen.key_a = d.key_a and seen.key_b = d.key_b
            and seen.domain_a = d.domain_a and seen.domain_b = d.domain_b"""
    )
    # A dealer's own number on a customer's record says nothing of the customer.
    for side in "ab":
        connection.execute(
            f"""
            delete from seen using staff
            where seen.key_{side} = staff.key and seen.domain_{side} = 'phone'
                and coalesce(seen.from_date, seen.seen_date) >= staff.valid_from
                and coalesce(seen.from_date, seen.seen_date) < coalesce(staff.valid_to, {_LAST})"""
        )


def _customers(connection: duckdb.DuckDBPyConnection) -> None:
    """Anchor persons: customer numbers, one person where they give the same identity card."""
    connection.execute(
        """
        create or replace temp table customer as
        select customer_key from sight where customer_key is not null
        union
        select customer_key from version where customer_key is not null"""
    )
    connection.execute(
        f"""
        create or replace temp table customer_pair as
        with holders as (
            select distinct key_b as card, key_a as customer_key from seen
            where domain_a = 'customer' and domain_b = 'id_card'
        ),
        sound as (select card from holders group by card having count(*) between 2 and {PUBLIC_KEY_PERSONS})
        select a.customer_key as key_a, b.customer_key as key_b
        from holders a join holders b on a.card = b.card and a.customer_key < b.customer_key
        where a.card in (select card from sound) and not exists (
            select 1 from decision d where d.action = 'unmerge' and d.domain_a = 'customer'
                and d.domain_b = 'customer' and d.key_a = a.customer_key and d.key_b = b.customer_key)
        union
        select key_a, key_b from decision
        where action = 'merge' and domain_a = 'customer' and domain_b = 'customer' and key_a < key_b"""
    )
    _components(connection, "customer", "customer_key", "customer_pair", "customer_component")
    connection.execute(
        """
        create or replace temp table customer_person as
        select customer_key, anchor_key, anchor_key as person_id from customer_component"""
    )


def _owners(connection: duckdb.DuckDBPyConnection) -> None:
    """Say who owned a car when: ownership rows, else the vehicle master, else a delivered order."""
    connection.execute(
        f"""
        create or replace temp table vehicle_owner as
        with claims as (
            select key_a as vin_key, key_b as customer_key, method as basis,
                coalesce(detail, '车主') as relation, from_date as valid_from,
                max(coalesce(until_date, {_LAST})) as valid_to, max(weight) as weight,
                case method when 'ownership' then 1 when 'master_owner' then 2 else 3 end as place
            from seen where kind = 'owns_vehicle' group by all
        ),
        -- A source that knows the car is believed alone.
        best as (select * from claims qualify place = min(place) over (partition by vin_key)),
        ended as (
            select *, min(valid_from) over (
                partition by vin_key, relation = '共有' order by valid_from
                range between interval 1 day following and unbounded following) as next_from
            from best
        )
        select e.vin_key, e.customer_key, p.person_id, e.valid_from,
            nullif(case when e.relation = '共有' then e.valid_to
                else least(e.valid_to, coalesce(e.next_from, {_LAST})) end, {_LAST}) as valid_to,
            e.relation, e.basis, {_confidence("weight", "0.97")} as confidence
        from ended e join customer_person p using (customer_key)"""
    )
    connection.execute("delete from vehicle_owner where valid_to <= valid_from")


def _vin_aliases(connection: duckdb.DuckDBPyConnection) -> None:
    """Lay other names of a car: last eight, plate (for its days), order, visit, invitation."""
    connection.execute(
        """
        create or replace temp table vin_alias as
        select distinct 'vin8' as domain, vin8_key as key, vin_key, cast(null as date) as valid_from,
            cast(null as date) as valid_to
        from sight where vin8_key is not null and vin_key is not null
        union all
        select 'plate', key_b, key_a, min(from_date),
            case when count(*) = count(until_date) then max(until_date) end
        from seen where domain_a = 'vin' and domain_b = 'plate' group by key_b, key_a
        union all
        select distinct domain_b, key_b, key_a, cast(null as date), cast(null as date)
        from seen where kind = 'vehicle_alias' and domain_b in ('order', 'visit', 'invitation')"""
    )


def _links(connection: duckdb.DuckDBPyConnection) -> None:
    """One row per (key, person): what is known of the two together."""
    connection.execute(
        f"""
        create or replace temp table link as
        with met as (
            select seen.domain_b as domain, seen.key_b as key, p.person_id, seen.method, seen.is_held,
                min(case when seen.is_held then seen.from_date end) as held_from,
                max(case when seen.is_held then coalesce(seen.until_date, {_LAST}) end) as held_to,
                min(seen.seen_date) as first_seen, max(seen.seen_date) as last_seen,
                count(*) as sightings, max(seen.weight) as weight
            from seen join customer_person p on seen.domain_a = 'customer' and seen.key_a = p.customer_key
            where seen.kind = 'same_person' and seen.domain_b <> 'id_card'
            group by all
            union all
            select d.domain_b, d.key_b, p.person_id, 'manual', true, {_FIRST}, {_LAST}, null, null, 1,
                {_weight(0.999)}
            from decision d join customer_person p on d.domain_a = 'customer' and d.key_a = p.customer_key
            where d.action = 'merge' and d.domain_b <> 'customer'
        )
        select domain, key, person_id, bool_or(is_held) as is_held, min(held_from) as held_from,
            max(held_to) as held_to, min(first_seen) as first_seen, max(last_seen) as last_seen,
            cast(sum(sightings) as bigint) as sightings,
            cast(sum(weight * least(sightings, {COUNTED_SIGHTINGS})) as bigint) as weight,
            min_by(method, (-weight, method)) as method
        from met group by domain, key, person_id"""
    )
    # One sighting against a holder on record, or against many sightings of another, is a slip of the pen.
    connection.execute(
        f"""
        create or replace temp table outvoted as
        select distinct a.domain, a.key, a.person_id
        from link a join link b using (domain, key)
        where a.person_id <> b.person_id and not a.is_held and a.sightings = 1
            and ((b.is_held and a.first_seen >= b.held_from - {GRACE_DAYS} and a.first_seen < b.held_to)
                or b.sightings >= {COUNTED_SIGHTINGS})"""
    )
    connection.execute(
        "delete from link using outvoted o where link.domain = o.domain and link.key = o.key"
        " and link.person_id = o.person_id"
    )
    connection.execute(
        f"""
        create or replace temp table public_key as
        select domain, key, count(*) as persons from link
        group by domain, key having count(*) > {PUBLIC_KEY_PERSONS}"""
    )
    connection.execute(
        "delete from link using public_key k where link.domain = k.domain and link.key = k.key"
    )


def _validity(connection: duckdb.DuckDBPyConnection) -> None:
    """For which days a key is whose. Two holders on one day stay two candidates of that day."""
    connection.execute(
        f"""
        create or replace temp table key_link as
        with rivals as (
            select a.domain, a.key, a.person_id, count(b.person_id) as rivals,
                -- Handed on: another holds the number from a day after this one was last seen with it.
                min(case when b.is_held and b.held_from > a.last_seen then b.held_from end) as handed_on
            from link a left join link b
                on a.domain = b.domain and a.key = b.key and a.person_id <> b.person_id
            group by a.domain, a.key, a.person_id
        ),
        days as (
            select link.*, rivals.rivals,
                least(coalesce(held_from, first_seen), coalesce(first_seen, held_from)) as first_day,
                case when is_held and held_to < {_LAST} then greatest(held_to, coalesce(last_seen, held_to))
                    when is_held then {_LAST} else coalesce(handed_on, {_LAST}) end as last_day
            from link join rivals using (domain, key, person_id)
        )
        select domain, key, person_id, method, sightings as evidence_count,
            {_confidence("weight", _cap("domain"))} as confidence,
            case when domain in ({_listed(CODES)}) or first_day <= date '1900-01-01' then null
                when rivals = 0 then first_day - {GRACE_DAYS} else first_day end as valid_from,
            case when domain in ({_listed(CODES)}) then null else nullif(last_day, {_LAST}) end as valid_to
        from days"""
    )


def _indirect(connection: duckdb.DuckDBPyConnection) -> None:
    """Give keys without a customer of their own that of the phone (or account) they were seen with."""
    for via, domains in (("phone", (*CODES, "account")), ("account", ("order",))):
        connection.execute(
            f"""
            insert into key_link
            with pairs as (
                select domain_a as domain, key_a as key, key_b as via_key, seen_date, weight from seen
                where domain_b = '{via}' and domain_a in ({_listed(domains)})
                union all
                select domain_b, key_b, key_a, seen_date, weight from seen
                where domain_a = '{via}' and domain_b in ({_listed(domains)})
            ),
            free as (
                select * from pairs
                where not exists (
                    select 1 from key_link k where k.domain = pairs.domain and k.key = pairs.key)
            ),
            met as (
                select free.*, k.person_id, k.confidence,
                    count(distinct k.person_id) over (partition by free.domain, free.key) as persons
                from free join key_link k on k.domain = '{via}' and k.key = free.via_key
                    and seen_date >= coalesce(k.valid_from, {_FIRST})
                    and seen_date < coalesce(k.valid_to, {_LAST})
            )
            select domain, key, person_id, 'via_{via}', count(*),
                round(max(confidence) * {
                _confidence(f"max(weight) * least(count(*), {COUNTED_SIGHTINGS})", _cap("domain"))
            }, 4),
                case when domain = 'account' then min(seen_date) - {GRACE_DAYS} end, null
            from met where persons = 1 group by domain, key, person_id"""
        )


def _households(connection: duckdb.DuckDBPyConnection) -> None:
    """Group persons who hold one phone, mail or car at one time; never merge them."""
    connection.execute(
        f"""
        create or replace temp table person_pair as
        select a.person_id as key_a, b.person_id as key_b
        from key_link a join key_link b on a.domain = b.domain and a.key = b.key and a.person_id < b.person_id
        where a.domain in ('phone', 'mail')
            and coalesce(a.valid_from, {_FIRST}) < coalesce(b.valid_to, {_LAST})
            and coalesce(b.valid_from, {_FIRST}) < coalesce(a.valid_to, {_LAST})
        union
        select least(a.person_id, b.person_id), greatest(a.person_id, b.person_id)
        from vehicle_owner a join vehicle_owner b on a.vin_key = b.vin_key and a.person_id <> b.person_id
        where b.relation = '共有' and a.relation <> '公司'
            and a.valid_from < coalesce(b.valid_to, {_LAST})
            and b.valid_from < coalesce(a.valid_to, {_LAST})"""
    )
    connection.execute(
        "create or replace temp table housed as"
        " select key_a as person_id from person_pair union select key_b from person_pair",
    )
    _components(connection, "housed", "person_id", "person_pair", "house")
    connection.execute(
        f"""
        create or replace temp table person_household as
        select person_id, anchor_key as household_id
        from house qualify count(*) over (partition by anchor_key) <= {HOUSEHOLD_PERSONS}"""
    )


def _unanchored(connection: duckdb.DuckDBPyConnection) -> None:
    """Make persons of keys that belong to no customer: prospects and unknown callers."""
    columns = " union ".join(
        f"select '{domain}' as domain, {domain}_key as key from sight where {domain}_key is not null"
        for domain in ("phone", "mail", "account")
    )
    connection.execute(
        f"""
        create or replace temp table free_key as
        select * from ({columns}) f
        where not exists (select 1 from key_link k where k.domain = f.domain and k.key = f.key)
            and not exists (select 1 from public_key k where k.domain = f.domain and k.key = f.key)
            and not exists (select 1 from outvoted o where o.domain = f.domain and o.key = f.key)
            and not exists (select 1 from staff s where f.domain = 'phone' and s.key = f.key)"""
    )
    connection.execute(
        f"""
        create or replace temp table free_pair as
        with pairs as (
            select distinct key_a, key_b
            from seen where domain_a = 'account' and domain_b = 'phone'
        )
        select key_a, key_b from pairs
        where key_a in (select key from free_key) and key_b in (select key from free_key)
        qualify count(*) over (partition by key_b) <= {PUBLIC_KEY_PERSONS // 2}
            and count(*) over (partition by key_a) <= {PUBLIC_KEY_PERSONS // 2}
        union
        select key_a, key_b from decision
        where action = 'merge' and key_a in (select key from free_key)
            and key_b in (select key from free_key)"""
    )
    _components(connection, "free_key", "key", "free_pair", "free_person")


def _outputs(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        create or replace temp table key_person as
        select k.domain, k.key, k.person_id, h.household_id, k.confidence, k.method, k.valid_from, k.valid_to,
            k.evidence_count, true as is_anchored,
            count(*) over (partition by k.domain, k.key) > 1 as is_shared, false as is_staff
        from key_link k left join person_household h using (person_id)
        union all
        select 'customer', c.customer_key, c.person_id, h.household_id, 1.0, 'customer', null, null, 1,
            true, false, false
        from customer_person c left join person_household h using (person_id)
        union all
        select distinct 'id_card', s.key_b, c.person_id, h.household_id, {CAPS["id_card"]}, 'master_id_card',
            cast(null as date), cast(null as date), 1, true, false, false
        from seen s join customer_person c on s.key_a = c.customer_key
            left join person_household h using (person_id)
        where s.domain_a = 'customer' and s.domain_b = 'id_card'
        union all
        select f.domain, f.key, p.anchor_key, null, {_cap("f.domain")}, 'unanchored', null,
            null, 1, false, false, false
        from free_key f join free_person p using (key)
        union all
        select domain, key, null, null, 0.0, 'public_number', null, null, persons, false, true, false
        from public_key
        union all
        select distinct 'phone', key, null, null, 1.0, 'staff', nullif(valid_from, {_FIRST}), valid_to, 1,
            false, false, true
        from staff"""
    )
    connection.execute(
        """
        create or replace temp table person as
        select c.person_id, 'customer' as anchor_domain, any_value(c.anchor_key) as anchor_key,
            h.household_id, true as is_anchored, count(*) as customer_count
        from customer_person c left join person_household h using (person_id)
        group by c.person_id, h.household_id
        union all
        select distinct p.anchor_key, f.domain, p.anchor_key, null, false, 0
        from free_person p join free_key f on p.anchor_key = f.key"""
    )
    connection.execute(
        """
        create or replace temp table link_edge as
        select domain_a, key_a, domain_b, key_b, method, kind, 1 - exp(-max(weight) / 1e6) as confidence,
            count(*) as evidence_count, min(seen_date) as first_seen_date, max(seen_date) as last_seen_date
        from seen group by domain_a, key_a, domain_b, key_b, method, kind"""
    )
    connection.execute(
        """
        create or replace temp table alias as
        select k.person_id, k.domain, k.key, k.valid_from as merged_date
        from key_person k
        where k.person_id is not null and k.domain in ('customer', 'phone', 'mail', 'account')
            and not k.is_shared and k.key <> k.person_id"""
    )


def _components(
    connection: duckdb.DuckDBPyConnection, nodes: str, column: str, pairs: str, result: str
) -> None:
    """Write `result(column, anchor_key)`: the smallest key (by its text) of each key's component."""
    paired = connection.sql(f"select key_a, key_b from {pairs}").to_arrow_table()
    keys, labels = components(paired)
    connection.register("found", pa.table({"node": keys, "label": labels}))
    connection.execute(
        f"""
        create or replace temp table {result} as
        with anchored as (
            select node, first_value(node) over (partition by label order by k.name, node) as anchor
            from found left join state.key_name k on found.node = k.key
        )
        select distinct n.{column}, coalesce(f.anchor, n.{column}) as anchor_key
        from {nodes} n left join anchored f on n.{column} = f.node"""
    )
    connection.unregister("found")


def components(pairs: pa.Table) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return every key of `pairs(key_a, key_b)` and the number of its connected component."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    both = np.concatenate([pairs.column(place).to_numpy() for place in (0, 1)])
    keys, places = np.unique(both, return_inverse=True)
    if not len(keys):
        return keys, keys
    ends = places.reshape(2, -1)
    graph = coo_matrix((np.ones(ends.shape[1]), (ends[0], ends[1])), shape=(len(keys), len(keys)))
    return keys, connected_components(graph, directed=False)[1]


def _weight(confidence: float) -> int:
    """Return a confidence as whole millionths of -ln(1 - c): sums of them do not depend on their order."""
    return round(-math.log(1 - min(confidence, 0.999999)) * 1_000_000)


def _confidence(weight: str, cap: str) -> str:
    return f"round(least(1 - exp(-({weight}) / 1e6), {cap}), 4)"


def _cap(domain: str) -> str:
    whens = " ".join(f"when '{name}' then {cap}" for name, cap in CAPS.items())
    return f"(case {domain} {whens} else 0.9 end)"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
