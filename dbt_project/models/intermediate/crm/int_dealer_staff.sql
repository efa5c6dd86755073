-- 一行 = 一位经销商人员的现行版本。
{{ current_business_records(
    ref('stg_crm__dealer_staff'),
    'crm__dealer_staff',
    [
        'staff_no', 'dealer_code', 'phone_key', 'role', 'joined_date', 'left_date', 'updated_at',
    ],
) }}
