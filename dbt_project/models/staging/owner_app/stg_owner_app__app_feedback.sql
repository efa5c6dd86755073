-- 一行 = 一条车主 App 反馈的一个版本。
with source as (
    select * from {{ source('raw', 'owner_app__app_feedback') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

        ----------  契约字段
        feedback_no,
        app_account_key,
        vin8_key,
        category,
        cast(star_count as integer) as star_count,
        app_version,
        device_platform,
        vehicle_software_version,
        state,
        cast(created_at as timestamp) as created_at,
        cast(updated_at as timestamp) as updated_at,

        ----------  原声
        verbatim,
        score_input_hash,
        text_keys,

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
