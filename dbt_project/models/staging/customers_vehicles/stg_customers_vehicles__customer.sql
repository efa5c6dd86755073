-- 一行 = 一位客户主数据的一个版本。
with source as (
    select * from {{ source('raw', 'customers_vehicles__customer') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        customer_key,
        phone_key,
        mail_key,
        id_card_key,
        province_zh,
        city_zh,
        gender,
        cast(birth_year as integer) as birth_year,
        customer_kind,
        income_band,
        cast(registered_at as timestamp) as registered_at,
        cast(updated_at as timestamp) as updated_at,

        ----------  时间
        event_at,
        event_date,
        event_basis,
        received_at,
        ingest_date,

        ----------  血缘
        delivery_id,
        record_ordinal,
        is_deleted,
        contract_version,
        masker_version
    from source
)

select * from renamed
