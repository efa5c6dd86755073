-- 一行 = 一次 App 账号绑定的现行版本。
{{ current_business_records(
    ref('stg_crm__app_account'),
    'crm__app_account',
    [
        'account_no', 'app_account_key', 'customer_key', 'phone_key', 'vin_key', 'vin8_key', 'bound_at',
        'unbound_at', 'updated_at',
    ],
) }}
