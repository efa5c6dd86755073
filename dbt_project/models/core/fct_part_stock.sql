-- 一行 = 一个零件在一个仓库一日的库存（现行版本）。
select
    ----------  编号
    cast(record_id as string) as part_stock_id,
    cast(part_code as string) as part_code,
    cast(warehouse_code as string) as warehouse_code,

    ----------  度量
    cast(on_hand as integer) as on_hand,
    cast(backorder as integer) as backorder,

    ----------  是否
    cast(on_hand <= 0 or coalesce(backorder, 0) > 0 as boolean) as is_short,

    ----------  时间
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as stock_date
from {{ ref('int_part_stock') }}
where not is_deleted
