-- 一行 = 一家经销商主数据的一个版本。
with source as (
    select * from {{ source('raw', 'customers_vehicles__dealer') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        dealer_code,
        dealer_name_zh,
        province_zh,
        city_zh,
        cast(opened_date as date) as opened_date,
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
