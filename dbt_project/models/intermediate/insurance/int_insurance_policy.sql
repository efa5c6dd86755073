-- 一行 = 一张保单的一个险种的现行版本。
{{ current_business_records(
    ref('stg_insurance__policy'),
    'insurance__policy',
    [
        'policy_no', 'policy_kind', 'vin_key', 'vin8_key', 'customer_key', 'phone_key', 'sold_by',
        'dealer_code', 'renewal_kind', 'premium_incl_tax_cny', 'tax_rate', 'commission_incl_tax_cny', 'status',
        'start_date', 'end_date', 'signed_date', 'updated_at',
    ],
) }}
