-- 一行 = 一张商城订单的现行版本。
{{ current_business_records(
    ref('stg_sales__accessory_order'),
    'sales__accessory_order',
    [
        'accessory_order_no', 'customer_key', 'phone_key', 'app_account_key', 'item_zh', 'variant_zh',
        'amount_incl_tax_cny', 'status', 'ordered_at', 'shipped_at', 'received_by_customer_at', 'returned_at',
        'return_reason_zh', 'updated_at',
    ],
) }}
