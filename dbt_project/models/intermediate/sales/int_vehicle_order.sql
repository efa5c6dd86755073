-- 一行 = 一张整车订单的现行版本。
{{ current_business_records(
    ref('stg_sales__vehicle_order'),
    'sales__vehicle_order',
    [
        'order_no', 'customer_key', 'phone_key', 'dealer_code', 'vehicle_model_code', 'vin_key', 'vin8_key',
        'lead_no', 'order_kind', 'buyer_type', 'trade_in_vin_key', 'trade_in_vin8_key', 'status',
        'price_incl_tax_cny', 'discount_cny', 'margin_cny', 'payment', 'ordered_at', 'promised_date',
        'invoiced_date', 'delivered_date', 'cancelled_date', 'cancel_reason_zh', 'updated_at',
    ],
) }}
