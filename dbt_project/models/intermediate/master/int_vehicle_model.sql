-- 一行 = 一个车型主数据的现行版本。
{{ current_business_records(
    ref('stg_customers_vehicles__vehicle_model'),
    'customers_vehicles__vehicle_model',
    [
        'vehicle_model_code', 'brand_zh', 'series_zh', 'model_zh', 'model_year', 'powertrain_type', 'launched_date',
        'updated_at',
    ],
) }}
