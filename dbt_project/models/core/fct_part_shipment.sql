-- 一行 = 一条备件发运行（现行版本）。
select
    ----------  编号
    cast(record_id as string) as shipment_line_id,
    cast(shipment_no as string) as shipment_no,
    cast(line_no as integer) as line_no,
    cast(part_code as string) as part_code,
    cast(supplier_code as string) as supplier_code,
    cast(dealer_code as string) as dealer_code,

    ----------  度量
    cast(quantity as integer) as quantity,
    cast({{ days_between('ordered_date', 'shipped_date') }} as integer) as order_to_ship_days,
    cast({{ days_between('ordered_date', 'received_date') }} as integer) as order_to_receipt_days,

    ----------  是否
    cast(coalesce(is_urgent, false) as boolean) as is_urgent,
    cast(received_date is not null as boolean) as is_received,

    ----------  时间
    cast(shipped_date as date) as shipped_date,
    cast(received_date as date) as received_date,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as ordered_date
from {{ ref('int_part_shipment') }}
where not is_deleted
