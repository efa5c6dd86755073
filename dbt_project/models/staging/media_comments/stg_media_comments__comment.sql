-- 一行 = 一条媒体评论的一个标注行版本（同一评论可占多行）。
with source as (
    select * from {{ source('raw', 'media_comments__comment') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

        ----------  契约字段
        comment_no,
        label_aspect_zh,
        cast(label_polarity as integer) as label_polarity,
        label_sentiment_word_zh,

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
