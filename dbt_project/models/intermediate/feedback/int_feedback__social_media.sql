-- 一行 = 一条社交媒体帖子，按统一反馈记录的列表达。
-- 只转发、没有自己话的帖子不是声音（is_voice 为假）；带话的转发是声音，并记下所转发的帖子。
with posts as (
    select * from {{ ref('stg_social_media__post') }}
),

conformed as (
    select
        ----------  编号
        record_id,
        feedback_id,
        'social_media' as channel,
        post_no as source_voice_no,
        cast(null as string) as thread_no,
        cast(null as string) as reply_to_no,
        reposted_post_no as repost_of_no,

        ----------  来源给出的身份与车型
        cast(null as string) as customer_key,
        cast(null as string) as phone_key,
        cast(null as string) as mail_key,
        cast(null as string) as account_key,
        author_key as handle_key,
        cast(null as string) as vin_key,
        cast(null as string) as vin8_key,
        cast(null as string) as plate_key,
        cast(null as string) as dealer_code,
        cast(null as string) as order_no,
        'public' as author_role,
        brand_zh,
        series_zh,
        cast(null as string) as model_zh,
        platform as source_category_zh,
        cast(null as decimal(3, 2)) as star_score,
        cast(null as string) as software_version,

        ----------  原声
        verbatim,
        score_input_hash,
        {{ list_as_text('text_keys') }} as text_keys,
        cast(null as integer) as record_seq,
        (verbatim is not null) as is_voice,

        ----------  版本与血缘
        {{ version_columns() }}
    from posts
)

select * from conformed
