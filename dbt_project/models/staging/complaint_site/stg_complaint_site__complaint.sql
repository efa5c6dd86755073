-- 一行 = 投诉网站导出的一条记录版本（同一投诉可占多行）。
with source as (
    select * from {{ source('raw', 'complaint_site__complaint') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

        ----------  契约字段
        complaint_no,
        brand_zh,
        series_zh,
        model_zh,
        problem_system_zh,
        problem_type_zh,
        cast(complaint_date as date) as complaint_date,

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
