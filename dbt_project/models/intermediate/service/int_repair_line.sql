-- 一行 = 一条维修行的现行版本。
{{ current_business_records(
    ref('stg_service__repair_line'),
    'feedback',
    [
        'visit_no', 'line_no', 'vin_key', 'vin8_key', 'dealer_code', 'payer', 'part_code', 'fault_code',
        'labour_code', 'labour_h', 'parts_amount_cny', 'labour_amount_cny', 'cause_note', 'correction_note',
        'is_repeat_repair', 'part_wait_days', 'opened_at', 'updated_at', 'verbatim',
    ],
) }}
