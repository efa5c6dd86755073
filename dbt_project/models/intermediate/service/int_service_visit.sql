-- 一行 = 一次进店的现行版本。
{{ current_business_records(
    ref('stg_service__service_visit'),
    'service__service_visit',
    [
        'visit_no', 'customer_key', 'phone_key', 'vin_key', 'vin8_key', 'dealer_code', 'adviser_no',
        'visit_reason', 'mileage_km', 'is_online_booked', 'arrived_at', 'finished_at', 'delivered_at',
        'customer_paid_incl_tax_cny', 'updated_at',
    ],
) }}
