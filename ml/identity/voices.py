"""Who spoke in a voice, and about which car: the strongest key decides, or nobody is named.

Reads the tables `resolve` filled. A voice whose strongest key is shared is given to a person only if
another key of the same voice leaves one candidate; else it stays with the household, or with nobody.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from ml.identity.resolve import CODES, Policy
from ml.identity.state import number_of

VOICE_LINK = pa.schema(
    [
        ("feedback_id", pa.string()), ("channel", pa.string()), ("event_date", pa.date32()),
        ("person_id", pa.string()), ("household_id", pa.string()), ("customer_key", pa.string()),
        ("link_method", pa.string()), ("confidence", pa.float64()), ("candidate_count", pa.int64()),
        ("is_ambiguous", pa.bool_()), ("is_staff_suspected", pa.bool_()),
        ("vin_key", pa.string()), ("vehicle_basis", pa.string()),
    ]
)  # fmt: skip
# Strongest first. Up to PERSONAL the key is the speaker's own; from SPOKEN on it stood in the text.
_GIVEN = {
    "customer": 1, **dict.fromkeys(CODES, 2), "account": 3, "handle": 3, "phone": 4, "mail": 5,
    "vin": 6, "plate": 7, "vin8": 8,
}  # fmt: skip
_TEXT = {"person": 9, "account": 10, "phone": 10, "mail": 10, "vin": 11, "plate": 12}
_PERSONAL, _SPOKEN, _PUBLIC_HANDLE = 5, 9, 13
_METHODS = {
    1: "source_customer", 2: "business_code", 3: "account", 4: "phone", 5: "mail", 6: "vehicle_owner",
    7: "plate_owner", 8: "vin8_owner", 9: "text_person", 10: "text_contact", 11: "text_vin", 12: "text_plate",
    13: "public_handle",
}  # fmt: skip
# What a key of a tier is worth at most when it names a person.
_WORTH = {1: 1.0, 2: 0.98, 3: 0.98, 4: 0.97, 5: 0.97, 6: 0.85, 7: 0.8, 8: 0.75, 9: 0.6, 10: 0.5, 11: 0.5,
          12: 0.4, 13: 0.8}  # fmt: skip
_FIRST, _LAST = "date '0001-01-01'", "date '9999-12-31'"


def link_voices(connection: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Fill the table voice_link: one row per voice that holds any key."""
    _voice_keys(connection, policy)
    _candidates(connection)
    _speakers(connection)
    _vehicles(connection)
    connection.execute("""
        create or replace temp table voice_link as
        select v.voice as feedback_id, v.channel, v.day as event_date, s.person_id,
            coalesce(s.household_id, h.household_id) as household_id,
            coalesce(g.customer_key, p.anchor_key) as customer_key, s.link_method,
            case when s.person_id is null and s.household_id is null then 0.0
                else s.confidence end as confidence,
            coalesce(s.candidates, 0) as candidate_count,
            coalesce(s.candidates > 1 and s.person_id is null, false) as is_ambiguous,
            v.is_staff as is_staff_suspected, c.vin_key, c.basis as vehicle_basis
        from voice v
        left join speaker s using (voice)
        left join person_household h on s.person_id = h.person_id
        left join person p on s.person_id = p.person_id and p.is_anchored
        left join (select voice, min(key) as customer_key from voice_key
            where tier = 1 group by voice) g on v.voice = g.voice and s.tier = 1
        left join spoken_vehicle c on v.voice = c.voice""")


def _voice_keys(connection: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Lay the keys of every voice by tier; public authors only as far as consent reaches."""
    public = ", ".join(f"'{name}'" for name in policy.public_channels) or "''"
    connection.execute("""
        create or replace temp table spoken as
        select voice, any_value(channel) as channel, min(seen_date) as day from sight
        where voice is not null group by voice""")
    parts = [
        f"select voice, {tier} as tier, '{domain}' as domain, {domain}_key as key, false as is_public"
        f" from sight where voice is not null and {domain}_key is not null"
        + (f" and channel not in ({public})" if domain == "handle" else "")
        for domain, tier in _GIVEN.items()
    ]
    parts.append(
        f"select voice, {_PUBLIC_HANDLE}, 'handle', handle_key, true from sight"
        f" where voice is not null and handle_key is not null and channel in ({public})"
    )
    cases = " ".join(f"when '{domain}' then {tier}" for domain, tier in _TEXT.items())
    kind, value = "split_part(one, ':', 1)", "substr(one, strpos(one, ':') + 1)"
    parts.append(f"""
        select voice, case split_part(one, ':', 1) {cases} end,
            {kind}, {number_of(kind, value)}, channel in ({public})
        from (select voice, channel, unnest(text_keys) as one from sight
            where voice is not null and len(text_keys) > 0)""")
    connection.execute(
        "create or replace temp table voice_key as select distinct k.*, v.day from ("
        + " union all ".join(parts)
        + ") k join spoken v using (voice) where tier is not null"
    )
    # A voice's own number is a key only where a contact record says whose voice it is.
    connection.execute(
        "delete from voice_key where domain = 'voice' and key not in"
        " (select key from key_person where domain = 'voice')"
    )
    connection.execute(f"""
        create or replace temp table voice as
        select v.*, exists (
            select 1 from voice_key k join staff s on k.key = s.key and k.day >= s.valid_from
                and k.day < coalesce(s.valid_to, {_LAST})
            where k.voice = v.voice and k.domain = 'phone' and k.tier <= {_PERSONAL}) as is_staff
        from spoken v where exists (select 1 from voice_key k where k.voice = v.voice)""")


def _candidates(connection: duckdb.DuckDBPyConnection) -> None:
    worth = " ".join(f"when {tier} then {value}" for tier, value in _WORTH.items())
    connection.execute(f"""
        create or replace temp table voice_vehicle as
        select voice, tier, key as vin_key, day, is_public from voice_key where domain = 'vin'
        union
        select k.voice, k.tier, a.vin_key, k.day, k.is_public
        from voice_key k join vin_alias a on k.domain = a.domain and k.key = a.key
            and k.day >= coalesce(a.valid_from, {_FIRST}) and k.day < coalesce(a.valid_to, {_LAST})""")
    # Public authors' cars name their owners as surely as their phones do: the same gate.
    connection.execute(f"""
        create or replace temp table candidate as
        with found as (
            select k.voice, k.tier, k.domain, k.key, k.day, k.is_public, p.person_id, p.household_id,
                p.is_anchored, p.confidence
            from voice_key k join key_person p
                on p.key = k.key and (p.domain = k.domain
                    or (k.domain = 'person' and p.domain in ('customer', 'id_card')))
                and k.day >= coalesce(p.valid_from, {_FIRST}) and k.day < coalesce(p.valid_to, {_LAST})
            where p.person_id is not null
            union all
            select v.voice, v.tier, 'vin', v.vin_key, v.day, v.is_public, o.person_id, h.household_id,
                true, o.confidence
            from voice_vehicle v join vehicle_owner o on v.vin_key = o.vin_key
                and v.day >= o.valid_from and v.day < coalesce(o.valid_to, {_LAST})
                left join person_household h using (person_id)
            where v.tier > {_PERSONAL}
        )
        select f.voice, f.tier, f.person_id, f.household_id, f.is_anchored,
            max(f.confidence * case f.tier {worth} end) as confidence
        from found f join voice v using (voice)
        where not (f.is_public and not exists (
                select 1 from consent c join customer_person p using (customer_key)
                where p.person_id = f.person_id and f.day >= c.valid_from
                    and f.day < coalesce(c.valid_to, {_LAST})))
            and not (f.domain = 'phone' and exists (
                select 1 from staff s where s.key = f.key and f.day >= s.valid_from
                    and f.day < coalesce(s.valid_to, {_LAST})))
            -- A dealer's own phone: only what the source itself says of the customer counts.
            and not (v.is_staff and f.tier > 3)
        group by all""")


def _speakers(connection: duckdb.DuckDBPyConnection) -> None:
    """Choose per voice: own keys of a known customer, other own keys, the car, the text."""
    methods = " ".join(f"when {tier} then '{name}'" for tier, name in _METHODS.items())
    connection.execute(f"""
        create or replace temp table speaker as
        with tiers as (
            select voice, tier, count(distinct person_id) as persons, bool_or(is_anchored) as is_anchored
            from candidate group by voice, tier
        ),
        chosen as (
            select voice, tier, persons from tiers
            qualify row_number() over (partition by voice order by
                case when tier <= {_PERSONAL} and is_anchored then 0 when tier <= {_PERSONAL} then 1
                    when tier < {_SPOKEN} then 2 else 3 end, tier) = 1
        ),
        agreeing as (
            select c.voice, c.person_id, c.household_id, c.confidence, t.tier, t.persons,
                coalesce(max(o.confidence) filter (where o.person_id = c.person_id), 0) as support,
                coalesce(bool_or(o.person_id <> c.person_id and o.tier <= {_PERSONAL}), false) as is_disputed
            from chosen t join candidate c on c.voice = t.voice and c.tier = t.tier
                left join candidate o on o.voice = c.voice and o.tier <> c.tier
            group by all
        ),
        counted as (
            select *, count(*) filter (where support > 0) over (partition by voice) as supported,
                count(distinct household_id) over (partition by voice) as houses,
                count(household_id) over (partition by voice) as housed
            from agreeing
        )
        select voice, min(tier) as tier, max(persons) as candidates,
            max(case when persons = 1 or (supported = 1 and support > 0) then person_id end) as person_id,
            case when max(persons) > 1 and max(supported) <> 1 and max(houses) = 1
                and max(housed) = max(persons) then max(household_id) end as household_id,
            case max(tier) {methods} end || case when max(persons) = 1 then ''
                when max(supported) = 1 then '_narrowed' else '_household' end as link_method,
            round(max(case when persons = 1 or (supported = 1 and support > 0)
                then least(1 - (1 - confidence) * (1 - support / 2), 0.999)
                    * case when is_disputed then 0.8 else 1 end
                else confidence / persons end), 4) as confidence
        from counted group by voice""")


def _vehicles(connection: duckdb.DuckDBPyConnection) -> None:
    """Name the car spoken about, if the best basis leaves one."""
    connection.execute(f"""
        create or replace temp table spoken_vehicle as
        with named as (
            select v.voice, v.vin_key, v.day,
                case v.tier when 6 then 1 when 7 then 2 when 2 then 3 when 8 then 4 else 5 end as place,
                case v.tier when 6 then 'given' when 7 then 'plate' when 2 then 'order' when 8 then 'vin8'
                    else 'text' end as basis
            from voice_vehicle v
            where not v.is_public or exists (select 1 from candidate c where c.voice = v.voice)
        ),
        best as (select distinct * from named qualify place = min(place) over (partition by voice)),
        sized as (
            select b.*, count(*) over (partition by b.voice) as cars,
                o.vin_key is not null as is_owned,
                count(o.vin_key) over (partition by b.voice) as owned
            from best b left join speaker s on b.voice = s.voice
                left join (select distinct vin_key, person_id, valid_from, valid_to from vehicle_owner) o
                    on o.vin_key = b.vin_key and o.person_id = s.person_id
                    and b.day >= o.valid_from and b.day < coalesce(o.valid_to, {_LAST})
        ),
        sole as (
            select s.voice, min(o.vin_key) as vin_key
            from speaker s join spoken v using (voice) join vehicle_owner o on o.person_id = s.person_id
                and v.day >= o.valid_from and v.day < coalesce(o.valid_to, {_LAST})
            group by s.voice having count(distinct o.vin_key) = 1
        )
        select voice, vin_key, basis from sized where cars = 1 or (owned = 1 and is_owned)
        union all
        select voice, vin_key, 'sole_vehicle' from sole
        where voice not in (select voice from named)""")
