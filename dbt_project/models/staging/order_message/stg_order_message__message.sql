-- 一行 = 一条订单留言的一个版本。
with source as (
    select * from {{ source('raw', 'order_message__message') }}
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
        order_no,
        message_kind,
        item_zh,
        variant_zh,
        phone_key,
        app_account_key,
        cast(refund_amount_incl_tax_cny as decimal(18, 2)) as refund_amount_incl_tax_cny,
        cast(written_at as timestamp) as written_at,
        cast(updated_at as timestamp) as updated_at,

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
