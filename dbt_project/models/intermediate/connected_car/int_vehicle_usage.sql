-- 一行 = 一辆车一个月的用量的现行版本。
{{ current_business_records(
    ref('stg_connected_car__vehicle_usage'),
    'connected_car__vehicle_usage',
    [
        'vin_key', 'vin8_key', 'usage_month', 'odometer_km', 'distance_km', 'active_days', 'app_open_days',
        'updated_at',
    ],
) }}
