-- 一行 = 一个 OTA 批次的一个城市的一个版本。
with source as (
    select * from {{ source('raw', 'connected_car__ota_wave') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        ota_release_no,
        cast(wave_no as integer) as wave_no,
        city_zh,
        cast(is_pilot as boolean) as is_pilot,
        cast(wave_start_date as date) as wave_start_date,
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
