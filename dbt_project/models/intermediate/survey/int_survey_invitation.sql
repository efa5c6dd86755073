-- 一行 = 一次调研邀请的现行版本。
{{ current_business_records(
    ref('stg_survey__invitation'),
    'survey__invitation',
    [
        'invitation_no', 'customer_key', 'phone_key', 'vin_key', 'dealer_code', 'touchpoint', 'invite_channel',
        'status', 'instrument', 'wave_no', 'is_probe', 'is_repeat', 'first_response_no', 'invited_at', 'updated_at',
    ],
) }}
