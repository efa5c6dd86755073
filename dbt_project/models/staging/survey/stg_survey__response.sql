-- 一行 = 一份答卷一个指标的一个版本。
with source as (
    select * from {{ source('raw', 'survey__response') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

        ----------  契约字段
        response_no,
        invitation_no,
        metric,
        scale,
        cast(score as integer) as score,
        cast(submitted_at as timestamp) as submitted_at,

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
