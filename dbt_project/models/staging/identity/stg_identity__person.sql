-- 一行 = 一个人。
with source as (
    select * from {{ source('raw', 'identity_person') }}
),

renamed as (
    select
        person_id,
        anchor_domain,
        anchor_key,
        household_id,
        is_anchored,
        cast(customer_count as integer) as customer_count
    from source
)

select * from renamed
