-- 一行 = 一封客户邮件，按统一反馈记录的列表达。
-- 邮件编号形似邮箱，收数时成为假名键：每封邮件仍各有其号，回信仍找得到所回之信。
with mails as (
    select * from {{ ref('stg_customer_mail__mail') }}
),

conformed as (
    select
        ----------  编号
        record_id,
        feedback_id,
        'customer_mail' as channel,
        message_no_key as source_voice_no,
        cast(null as string) as thread_no,
        in_reply_to_key as reply_to_no,
        cast(null as string) as repost_of_no,

        ----------  来源给出的身份与车型
        cast(null as string) as customer_key,
        cast(null as string) as phone_key,
        sender_key as mail_key,
        cast(null as string) as account_key,
        cast(null as string) as handle_key,
        cast(null as string) as vin_key,
        cast(null as string) as vin8_key,
        cast(null as string) as plate_key,
        cast(null as string) as dealer_code,
        cast(null as string) as order_no,
        'owner' as author_role,
        cast(null as string) as brand_zh,
        cast(null as string) as series_zh,
        cast(null as string) as model_zh,
        cast(null as string) as source_category_zh,
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
    from mails
)

select * from conformed
