-- 一行 = 一条在线客服消息的一个版本。
with source as (
    select * from {{ source('raw', 'online_chat__message') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

        ----------  契约字段
        session_no,
        cast(message_seq as integer) as message_seq,
        sender,
        cast(sent_at as timestamp) as sent_at,
        customer_key,
        phone_key,
        app_account_key,
        agent_no,
        queue,
        cast(wait_s as integer) as wait_s,
        entry,

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
