-- 一行 = 一条备件发运行的现行版本。
{{ current_business_records(
    ref('stg_parts__part_shipment'),
    'parts__part_shipment',
    [
        'shipment_no', 'line_no', 'part_code', 'supplier_code', 'dealer_code', 'quantity', 'is_urgent',
        'ordered_date', 'shipped_date', 'received_date', 'updated_at',
    ],
) }}
