-- 一行 = 一个归入某人的别的编号。
with source as (
    select * from {{ source('raw', 'identity_alias') }}
),

renamed as (
    select
        alias_id,
        person_id,
        domain,
        key as identity_key,
        merged_date
    from source
)

select * from renamed
