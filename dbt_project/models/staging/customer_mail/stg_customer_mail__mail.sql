-- 一行 = 一封客户邮件的一个版本。
with source as (
    select * from {{ source('raw', 'customer_mail__mail') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

        ----------  契约字段
        message_no_key,
        sender_key,
        recipient_key,
        cast(sent_at as timestamp) as sent_at,
        in_reply_to_key,
        attachment_names,
        list_unsubscribe,

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
