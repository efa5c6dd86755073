-- 一行 = 一次试驾的现行版本。
{{ current_business_records(
    ref('stg_crm__test_drive'),
    'crm__test_drive',
    [
        'test_drive_no', 'lead_no', 'customer_key', 'dealer_code', 'vehicle_model_code', 'duration_min',
        'driven_at', 'updated_at',
    ],
) }}
