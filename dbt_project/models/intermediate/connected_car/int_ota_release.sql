-- 一行 = 一次 OTA 发布的现行版本。
{{ current_business_records(
    ref('stg_connected_car__ota_release'),
    'connected_car__ota_release',
    [
        'ota_release_no', 'software_version', 'vehicle_model_code', 'aspect_tag', 'release_note',
        'released_date', 'updated_at',
    ],
) }}
