-- 一行 = 一辆车主数据的现行版本。
{{ current_business_records(
    ref('stg_customers_vehicles__vehicle'),
    'customers_vehicles__vehicle',
    [
        'vin_key', 'vin8_key', 'vin_wmi', 'vin_model_year', 'vin_plant', 'customer_key', 'plate_key',
        'vehicle_model_code', 'dealer_code', 'build_date', 'sold_date', 'usage_kind', 'warranty_start_date',
        'scrapped_date', 'updated_at',
    ],
) }}
