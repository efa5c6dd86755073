-- 一行 = 一个 OTA 批次的一个城市的现行版本。
{{ current_business_records(
    ref('stg_connected_car__ota_wave'),
    'connected_car__ota_wave',
    [
        'ota_release_no', 'wave_no', 'city_zh', 'is_pilot', 'wave_start_date', 'updated_at',
    ],
) }}
