-- 一行 = 一位客户拥有一辆车的一段日子。
with source as (
    select * from {{ source('raw', 'identity_vehicle_owner') }}
),

renamed as (
    select
        vin_key,
        customer_key,
        person_id,
        valid_from,
        valid_to,
        relation,
        basis,
        cast(confidence as decimal(9, 6)) as confidence
    from source
)

select * from renamed
