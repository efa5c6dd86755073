-- 一行 = 一条销售线索的现行版本。
{{ current_business_records(
    ref('stg_crm__lead'),
    'crm__lead',
    [
        'lead_no', 'customer_key', 'phone_key', 'dealer_code', 'vehicle_model_code', 'lead_source',
        'referrer_key', 'campaign_no', 'status', 'lost_reason_zh', 'lost_to_brand_zh', 'order_no',
        'closed_date', 'created_at', 'updated_at',
    ],
) }}
