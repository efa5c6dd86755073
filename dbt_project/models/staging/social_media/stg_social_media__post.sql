-- 一行 = 一条社交媒体帖子的一个版本。
with source as (
    select * from {{ source('raw', 'social_media__post') }}
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
        platform,
        author_key,
        cast(author_follower_count as integer) as author_follower_count,
        cast(is_verified_author as boolean) as is_verified_author,
        topic_tags,
        reposted_post_no,
        cast(like_count as integer) as like_count,
        cast(repost_count as integer) as repost_count,
        cast(comment_count as integer) as comment_count,
        brand_zh,
        series_zh,
        ip_region_zh,
        state,
        cast(posted_at as timestamp) as posted_at,
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
