-- 一行 = 两个键之间一种证据。
with source as (
    select * from {{ source('raw', 'identity_link_edge') }}
),

renamed as (
    select
        domain_a,
        key_a,
        domain_b,
        key_b,
        method as link_method,
        kind as evidence_kind,
        cast(confidence as decimal(9, 6)) as confidence,
        cast(evidence_count as integer) as evidence_count,
        first_seen_date,
        last_seen_date
    from source
)

select * from renamed
