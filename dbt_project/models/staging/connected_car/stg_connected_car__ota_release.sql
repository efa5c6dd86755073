-- 一行 = 一次 OTA 发布的一个版本。
with source as (
    select * from {{ source('raw', 'connected_car__ota_release') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        ota_release_no,
        software_version,
        vehicle_model_code,
        aspect_tag,
        release_note,
        cast(released_date as date) as released_date,
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
