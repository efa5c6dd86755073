-- 一行 = 一张商城订单的一个版本。
with source as (
    select * from {{ source('raw', 'sales__accessory_order') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        accessory_order_no,
        customer_key,
        phone_key,
        app_account_key,
        item_zh,
        variant_zh,
        cast(amount_incl_tax_cny as decimal(18, 2)) as amount_incl_tax_cny,
        status,
        cast(ordered_at as timestamp) as ordered_at,
        cast(shipped_at as timestamp) as shipped_at,
        cast(received_by_customer_at as timestamp) as received_by_customer_at,
        cast(returned_at as timestamp) as returned_at,
        return_reason_zh,
        cast(updated_at as timestamp) as updated_at,

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
