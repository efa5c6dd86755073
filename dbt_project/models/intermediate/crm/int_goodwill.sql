-- 一行 = 一笔客户补偿的现行版本。
{{ current_business_records(
    ref('stg_crm__goodwill'),
    'crm__goodwill',
    [
        'goodwill_no', 'goodwill_kind', 'form', 'customer_key', 'vin_key', 'vin8_key', 'case_no', 'claim_no',
        'aspect_tag', 'amount_cny', 'points', 'status', 'granted_date', 'redeemed_date', 'posted_date',
        'reversed_date', 'cost_centre', 'updated_at',
    ],
) }}
