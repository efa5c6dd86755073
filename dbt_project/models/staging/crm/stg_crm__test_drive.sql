-- 一行 = 一次试驾的一个版本。
with source as (
    select * from {{ source('raw', 'crm__test_drive') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        test_drive_no,
        lead_no,
        customer_key,
        dealer_code,
        vehicle_model_code,
        cast(duration_min as integer) as duration_min,
        cast(driven_at as timestamp) as driven_at,
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
