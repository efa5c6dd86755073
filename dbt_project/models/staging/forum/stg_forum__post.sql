-- 一行 = 一个论坛帖子的一次交付（编号取自正文）。
with source as (
    select * from {{ source('raw', 'forum__post') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

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
