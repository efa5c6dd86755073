-- 一行 = 一个车型主数据的一个版本。
with source as (
    select * from {{ source('raw', 'customers_vehicles__vehicle_model') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        vehicle_model_code,
        brand_zh,
        series_zh,
        model_zh,
        cast(model_year as integer) as model_year,
        powertrain_type,
        cast(launched_date as date) as launched_date,
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
