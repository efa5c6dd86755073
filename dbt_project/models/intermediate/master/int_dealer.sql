-- 一行 = 一家经销商主数据的现行版本。
{{ current_business_records(
    ref('stg_customers_vehicles__dealer'),
    'customers_vehicles__dealer',
    [
        'dealer_code', 'dealer_name_zh', 'province_zh', 'city_zh', 'opened_date', 'updated_at',
    ],
) }}
