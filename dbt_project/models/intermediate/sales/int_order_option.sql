-- 一行 = 一张订单的一个选装的现行版本。
{{ current_business_records(
    ref('stg_sales__order_option'),
    'sales__order_option',
    [
        'order_no', 'option_code', 'option_name_zh', 'is_offered_only', 'is_taken', 'price_incl_tax_cny',
        'margin_cny', 'chosen_at', 'updated_at',
    ],
) }}
