-- 一行 = 一个零件一个仓库一日的库存的现行版本。
{{ current_business_records(
    ref('stg_parts__part_stock'),
    'parts__part_stock',
    [
        'part_code', 'warehouse_code', 'on_hand', 'backorder', 'stock_date', 'updated_at',
    ],
) }}
