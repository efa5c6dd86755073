-- 一行 = 一位客户主数据的现行版本。
{{ current_business_records(
    ref('stg_customers_vehicles__customer'),
    'customers_vehicles__customer',
    [
        'customer_key', 'phone_key', 'mail_key', 'id_card_key', 'province_zh', 'city_zh', 'gender', 'birth_year',
        'registered_at', 'updated_at',
    ],
) }}
