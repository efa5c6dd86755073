-- 一行 = 一张整车订单的一个版本。
with source as (
    select * from {{ source('raw', 'sales__vehicle_order') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        order_no,
        customer_key,
        phone_key,
        dealer_code,
        vehicle_model_code,
        vin_key,
        vin8_key,
        vin_wmi,
        cast(vin_model_year as integer) as vin_model_year,
        vin_plant,
        lead_no,
        order_kind,
        buyer_type,
        trade_in_vin_key,
        trade_in_vin8_key,
        trade_in_vin_wmi,
        cast(trade_in_vin_model_year as integer) as trade_in_vin_model_year,
        trade_in_vin_plant,
        status,
        cast(price_incl_tax_cny as decimal(18, 2)) as price_incl_tax_cny,
        cast(discount_cny as decimal(18, 2)) as discount_cny,
        cast(margin_cny as decimal(18, 2)) as margin_cny,
        payment,
        cast(ordered_at as timestamp) as ordered_at,
        cast(promised_date as date) as promised_date,
        cast(invoiced_date as date) as invoiced_date,
        cast(delivered_date as date) as delivered_date,
        cast(cancelled_date as date) as cancelled_date,
        cancel_reason_zh,
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
