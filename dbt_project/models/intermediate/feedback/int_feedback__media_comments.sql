-- 一行 = 一条媒体评论的一个标注行，按统一反馈记录的列表达。
with comments as (
    select * from {{ ref('stg_media_comments__comment') }}
),

conformed as (
    select
        ----------  编号
        record_id,
        feedback_id,
        'media_comments' as channel,
        comment_no as source_voice_no,
        cast(null as string) as thread_no,
        cast(null as string) as reply_to_no,
        cast(null as string) as repost_of_no,

        ----------  来源给出的身份与车型
        cast(null as string) as customer_key,
        cast(null as string) as phone_key,
        cast(null as string) as mail_key,
        cast(null as string) as account_key,
        cast(null as string) as handle_key,
        cast(null as string) as vin_key,
        cast(null as string) as vin8_key,
        cast(null as string) as plate_key,
        cast(null as string) as dealer_code,
        cast(null as string) as order_no,
        'public' as author_role,
        cast(null as string) as brand_zh,
        cast(null as string) as series_zh,
        cast(null as string) as model_zh,
        label_aspect_zh as source_category_zh,
        cast(null as decimal(3, 2)) as star_score,
        cast(null as string) as software_version,

        ----------  原声
        verbatim,
        score_input_hash,
        {{ list_as_text('text_keys') }} as text_keys,
        cast(null as integer) as record_seq,
        true as is_voice,

        ----------  版本与血缘
        {{ version_columns() }}
    from comments
)

select * from conformed
