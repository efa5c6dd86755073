-- 一行 = 一份同意书的现行版本。
{{ current_business_records(
    ref('stg_crm__consent'),
    'crm__consent',
    [
        'consent_no', 'customer_key', 'purpose', 'contact_channel', 'is_granted', 'valid_from', 'valid_to',
        'source', 'updated_at',
    ],
) }}
