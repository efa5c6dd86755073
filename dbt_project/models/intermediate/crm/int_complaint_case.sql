-- 一行 = 一张投诉工单的现行版本。
{{ current_business_records(
    ref('stg_crm__complaint_case'),
    'crm__complaint_case',
    [
        'case_no', 'customer_key', 'vin_key', 'vin8_key', 'source_channel', 'aspect_tag', 'severity', 'status',
        'first_responded_at', 'resolved_at', 'closed_at', 'resolution', 'is_confirmed_by_customer', 'team',
        'opened_at', 'updated_at',
    ],
) }}
