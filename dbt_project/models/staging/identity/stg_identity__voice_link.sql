-- 一行 = 一个带有任何键的声音。
with source as (
    select * from {{ source('raw', 'identity_voice_link') }}
),

renamed as (
    select
        feedback_id,
        channel,
        event_date,
        person_id,
        household_id,
        customer_key,
        link_method,
        cast(confidence as decimal(9, 6)) as confidence,
        cast(candidate_count as integer) as candidate_count,
        is_ambiguous,
        is_staff_suspected,
        vin_key,
        vehicle_basis
    from source
)

select * from renamed
