-- 一行 = 一段车辆拥有关系的现行版本。
{{ current_business_records(
    ref('stg_customers_vehicles__ownership'),
    'customers_vehicles__ownership',
    [
        'vin_key', 'vin8_key', 'customer_key', 'owned_from_date', 'owned_until_date', 'owner_relation',
        'updated_at',
    ],
) }}
