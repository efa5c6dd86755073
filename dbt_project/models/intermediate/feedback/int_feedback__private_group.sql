-- 一行 = 一条社群消息，按统一反馈记录的列表达。
-- 只有客户的消息是声音；顾问与机器人的消息仍在此处（is_voice 为假），使旧版本必能让位。
with messages as (
    select * from {{ ref('stg_private_group__message') }}
),

conformed as (
    select
        ----------  编号
        record_id,
        feedback_id,
        'private_group' as channel,
        message_no as source_voice_no,
        group_no as thread_no,
        replied_message_no as reply_to_no,
        cast(null as string) as repost_of_no,

        ----------  来源给出的身份与车型
        customer_key,
        cast(null as string) as phone_key,
        cast(null as string) as mail_key,
        cast(null as string) as account_key,
        member_key as handle_key,
        cast(null as string) as vin_key,
        cast(null as string) as vin8_key,
        cast(null as string) as plate_key,
        dealer_code,
        cast(null as string) as order_no,
        case member_role when '客户' then 'owner' when '顾问' then 'advisor' else 'system' end as author_role,
        cast(null as string) as brand_zh,
        cast(null as string) as series_zh,
        cast(null as string) as model_zh,
        message_type as source_category_zh,
        cast(null as decimal(3, 2)) as star_score,
        cast(null as string) as software_version,

        ----------  原声
        verbatim,
        score_input_hash,
        {{ list_as_text('text_keys') }} as text_keys,
        cast(null as integer) as record_seq,
        (member_role = '客户' and verbatim is not null) as is_voice,

        ----------  版本与血缘
        {{ version_columns() }}
    from messages
)

select * from conformed
