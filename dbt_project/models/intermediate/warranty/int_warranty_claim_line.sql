-- 一行 = 一条保修索赔行的现行版本。
{{ current_business_records(
    ref('stg_warranty_claims__claim_line'),
    'warranty_claims__claim_line',
    [
        'claim_no', 'line_no', 'vin_key', 'vin8_key', 'dealer_code', 'failure_date', 'repair_date',
        'submitted_date', 'mileage_km', 'part_code', 'fault_code', 'fault_note', 'cost_type',
        'claimed_amount_cny', 'approved_amount_cny', 'status', 'claim_kind', 'visit_no', 'approved_date',
        'posted_date', 'reversed_date', 'supplier_code', 'lot_no', 'tax_rate', 'currency', 'cost_centre',
        'updated_at',
    ],
) }}
