-- 一行 = 一个键在一段日子里的一位候选人。
with source as (
    select * from {{ source('raw', 'identity_key_person') }}
),

renamed as (
    select
        domain,
        key as identity_key,
        person_id,
        household_id,
        cast(confidence as decimal(9, 6)) as confidence,
        method as link_method,
        valid_from,
        valid_to,
        cast(evidence_count as integer) as evidence_count,
        is_anchored,
        is_shared,
        is_staff
    from source
)

select * from renamed
