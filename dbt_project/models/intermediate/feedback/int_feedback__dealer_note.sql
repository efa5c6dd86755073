-- 一行 = 一条顾问笔记，按统一反馈记录的列表达。
-- 顾问转述，不是客户的原话（dim_channel.is_first_hand 为假）。
with notes as (
    select * from {{ ref('stg_dealer_note__note') }}
),

conformed as (
    select
        ----------  编号
        record_id,
        feedback_id,
        'dealer_note' as channel,
        note_no as source_voice_no,
        cast(null as string) as thread_no,
        cast(null as string) as reply_to_no,
        cast(null as string) as repost_of_no,

        ----------  来源给出的身份与车型
        cast(null as string) as customer_key,
        phone_key,
        cast(null as string) as mail_key,
        cast(null as string) as account_key,
        cast(null as string) as handle_key,
        cast(null as string) as vin_key,
        cast(null as string) as vin8_key,
        plate_key,
        dealer_code,
        cast(null as string) as order_no,
        'advisor' as author_role,
        cast(null as string) as brand_zh,
        cast(null as string) as series_zh,
        cast(null as string) as model_zh,
        stage as source_category_zh,
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
    from notes
)

select * from conformed
