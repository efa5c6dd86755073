-- 一行 = 一个会计期间（现行版本），附结账状态。
select
    ----------  编号
    cast(fiscal_period as string) as fiscal_period,

    ----------  属性
    cast(close_status as string) as close_status,

    ----------  是否
    cast(close_status = '已结' as boolean) as is_closed,

    ----------  时间
    cast(period_start_date as date) as period_start_date,
    cast(period_end_date as date) as period_end_date,
    cast(closed_date as date) as closed_date,
    cast(updated_at as timestamp) as updated_at
from {{ ref('int_close_calendar') }}
where not is_deleted
