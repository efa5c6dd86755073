{#
  Versions of a record. `(version_key, content_hash)` orders them; the newest is current. Where
  the source gave no time, the earliest sighting is the event time, whichever version is current.
#}

{# Columns every staging view hands on besides its fields and its key. #}
{% macro version_columns() -%}
    version_key,
    content_hash,
    delivery_id,
    record_ordinal,
    received_at,
    ingest_date,
    event_at,
    event_date,
    event_basis,
    is_deleted,
    contract_version,
    masker_version
{%- endmacro %}

{# Newest first; the last terms only make the order total. #}
{% macro version_order() -%}
    version_key desc nulls last, content_hash desc nulls last,
    received_at asc nulls last, delivery_id asc nulls last, record_ordinal asc nulls last
{%- endmacro %}

{#
  Current version of each business record of `staged`: what is stored of the affected days,
  merged with the window.
#}
{% macro current_business_records(staged, kind, columns) %}
{%- set stored_days = in_affected_days('event_date', kind) %}
with versions as (
    select {{ columns | join(', ') }}, record_id, {{ version_columns() }}
    from {{ staged }}
    {% if is_incremental() %}
    union all
    select {{ columns | join(', ') }}, record_id, {{ version_columns() }}
    from {{ this }}
    where {{ stored_days }}
    {% endif %}
),

ranked as (
    select
        versions.*,
        row_number() over (partition by record_id order by {{ version_order() }}) as version_rank
    from versions
)

select {{ columns | join(', ') }}, record_id, {{ version_columns() }}
from ranked
where version_rank = 1
order by event_date, record_id
{% endmacro %}

{#
  Rows of `staged` that belong to a current record version (matched by record and content),
  with the day of the record's voice: what is stored of the affected days plus the window.
  `differing`: the columns in which copies of a row (same key, same content) may differ; the
  smallest stays. (All columns would make one long sort key; `content_hash` is equal among copies and
  only there because DuckDB is slow, by half the model, to sort by few different values.)
#}
{% macro rows_of_current_records(staged, columns, key, differing) %}
with candidates as (
    select {{ columns | join(', ') }}
    from {{ staged }}
    {% if is_incremental() %}
    union all
    select {{ columns | join(', ') }}
    from {{ this }}
    where {{ in_affected_days('voice_date', 'feedback') }}
    {% endif %}
),

current_records as (
    select record_id, content_hash, voice_date
    from {{ ref('int_feedback_record') }}
    where {{ in_affected_days('voice_date', 'feedback') }}
),

matched as (
    select
        candidates.*,
        current_records.voice_date
    from candidates
    inner join current_records
        on
            candidates.record_id = current_records.record_id
            and candidates.content_hash = current_records.content_hash
),

-- A row stored before and delivered again is the same row twice.
ranked as (
    select
        matched.*,
        row_number() over (
            partition by {{ key }}
            order by content_hash asc nulls last, {{ differing | join(' asc nulls last, ') }} asc nulls last
        ) as copy_rank
    from matched
)

select {{ columns | join(', ') }}, voice_date
from ranked
where copy_rank = 1
order by voice_date, record_id
{% endmacro %}
