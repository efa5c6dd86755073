-- 一行 = 一个论坛主题帖或回帖，按统一反馈记录的列表达。
with posts as (
    select * from {{ ref('stg_forum_threads__post') }}
),

conformed as (
    select
        ----------  编号
        record_id,
        feedback_id,
        'forum_threads' as channel,
        post_no as source_voice_no,
        thread_no,
        quoted_post_no as reply_to_no,
        cast(null as string) as repost_of_no,

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
        cast(null as string) as brand_zh,
        cast(null as string) as series_zh,
        certified_model_zh as model_zh,
        board_zh as source_category_zh,
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
