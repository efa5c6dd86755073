-- 一行 = 一辆车的一个部件（现行版本）：出自哪家供应商的哪一批。
select
    ----------  编号
    cast(record_id as string) as vehicle_part_lot_id,
    cast(vin_key as string) as vin_key,
    cast(component_code as string) as component_code,
    cast(supplier_code as string) as supplier_code,
    cast(lot_no as string) as lot_no,

    ----------  时间
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as built_date
from {{ ref('int_vehicle_part_lot') }}
where not is_deleted
