-- 一行 = 一辆车的一次软件安装的现行版本。
{{ current_business_records(
    ref('stg_connected_car__software_install'),
    'connected_car__software_install',
    [
        'vin_key', 'vin8_key', 'software_version', 'ota_release_no', 'install_result', 'installed_at',
        'updated_at',
    ],
) }}
