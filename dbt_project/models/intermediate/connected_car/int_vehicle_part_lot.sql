-- 一行 = 一辆车一个部件的零件批次的现行版本。
{{ current_business_records(
    ref('stg_connected_car__vehicle_part_lot'),
    'connected_car__vehicle_part_lot',
    [
        'vin_key', 'vin8_key', 'component_code', 'supplier_code', 'lot_no', 'built_date', 'updated_at',
    ],
) }}
