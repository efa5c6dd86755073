-- 一行 = 一条社群消息的一个版本。
with source as (
    select * from {{ source('raw', 'private_group__message') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        voice_id as feedback_id,
        version_key,
        content_hash,

        ----------  契约字段
        message_no,
        group_no,
        member_key,
        member_role,
        customer_key,
        dealer_code,
        message_type,
        replied_message_no,
        cast(sent_at as timestamp) as sent_at,

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
