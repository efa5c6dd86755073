-- 一行 = 一个论坛帖子，按统一反馈记录的列表达。
with posts as (
    select * from {{ ref('stg_forum__post') }}
),

conformed as (
    select
        ----------  编号
        record_id,
        feedback_id,
        'forum' as channel,
        cast(null as string) as source_voice_no,

        ----------  来源给出的身份与车型
        cast(null as string) as customer_key,
        cast(null as string) as phone_key,
        cast(null as string) as vin_key,
        cast(null as string) as brand_zh,
        cast(null as string) as series_zh,
        cast(null as string) as model_zh,
        cast(null as string) as source_category_zh,

        ----------  原声
        verbatim,
        score_input_hash,
        {{ list_as_text('text_keys') }} as text_keys,
        true as is_voice,

        ----------  版本与血缘
        {{ version_columns() }}
    from posts
)

select * from conformed
