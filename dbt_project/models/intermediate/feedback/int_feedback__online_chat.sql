-- 一行 = 一条在线客服消息，按统一反馈记录的列表达。
-- 一次会话是一个声音：只有客户的话是原声，坐席与机器人的消息仍在此处，使会话的时间与版本完整。
with messages as (
    select * from {{ ref('stg_online_chat__message') }}
),

conformed as (
    select
        ----------  编号
        record_id,
        feedback_id,
        'online_chat' as channel,
        session_no as source_voice_no,
        cast(null as string) as thread_no,
        cast(null as string) as reply_to_no,
        cast(null as string) as repost_of_no,

        ----------  来源给出的身份与车型
        customer_key,
        phone_key,
        cast(null as string) as mail_key,
        app_account_key as account_key,
        cast(null as string) as handle_key,
        cast(null as string) as vin_key,
        cast(null as string) as vin8_key,
        cast(null as string) as plate_key,
        cast(null as string) as dealer_code,
        cast(null as string) as order_no,
        case sender when '客户' then 'owner' when '坐席' then 'agent' else 'system' end as author_role,
        cast(null as string) as brand_zh,
        cast(null as string) as series_zh,
        cast(null as string) as model_zh,
        queue as source_category_zh,
        cast(null as decimal(3, 2)) as star_score,
        cast(null as string) as software_version,

        ----------  原声
        verbatim,
        score_input_hash,
        {{ list_as_text('text_keys') }} as text_keys,
        message_seq as record_seq,
        (sender = '客户' and verbatim is not null) as is_voice,

        ----------  版本与血缘
        {{ version_columns() }}
    from messages
)

select * from conformed
