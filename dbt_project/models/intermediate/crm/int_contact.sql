-- 一行 = 一次客户联络的现行版本。
{{ current_business_records(
    ref('stg_crm__contact'),
    'crm__contact',
    [
        'contact_no', 'contact_channel', 'source_voice_no', 'customer_key', 'phone_key', 'contact_reason',
        'aspect_tag', 'handling_min', 'cost_cny', 'case_no', 'is_auto_answered', 'wait_s', 'cost_centre',
        'started_at', 'updated_at',
    ],
) }}
