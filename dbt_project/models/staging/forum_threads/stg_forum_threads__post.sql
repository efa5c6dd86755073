-- 一行 = 一个论坛主题帖或回帖的一个版本。
with source as (
    select * from {{ source('raw', 'forum_threads__post') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

        ----------  契约字段
        post_no,
        thread_no,
        cast(floor_no as integer) as floor_no,
        board_zh,
        author_key,
        certified_model_zh,
        quoted_post_no,
        cast(like_count as integer) as like_count,
        cast(view_count as integer) as view_count,
        state,
        cast(posted_at as timestamp) as posted_at,
        cast(edited_at as timestamp) as edited_at,

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
