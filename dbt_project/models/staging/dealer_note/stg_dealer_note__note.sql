-- 一行 = 一条顾问笔记的一个版本。
with source as (
    select * from {{ source('raw', 'dealer_note__note') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

        ----------  契约字段
        note_no,
        dealer_code,
        adviser_no,
        adviser_role,
        phone_key,
        plate_key,
        lead_no,
        stage,
        lost_reason_zh,
        lost_to_zh,
        cast(written_at as timestamp) as written_at,
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
