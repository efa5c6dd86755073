-- 一行 = 一篇新闻文章的一个版本。
with source as (
    select * from {{ source('raw', 'news__article') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

        ----------  契约字段
        article_no,
        site_zh,
        author_zh,
        url,
        copied_article_no,
        cast(view_count as integer) as view_count,
        cast(published_at as timestamp) as published_at,
        cast(crawled_at as timestamp) as crawled_at,

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
