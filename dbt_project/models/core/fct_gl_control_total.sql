-- 一行 = 一个会计期间、科目、成本中心与口径的总账控制数（现行版本）。
select
    ----------  编号
    cast(record_id as string) as control_total_id,
    cast(fiscal_period as string) as fiscal_period,
    cast(account_code as string) as account_code,
    cast(cost_centre as string) as cost_centre,
    cast(entry_kind as string) as entry_kind,

    ----------  属性
    cast(account_name_zh as string) as account_name_zh,
    cast(currency as string) as currency,

    ----------  度量
    cast(amount_cny as decimal(18, 2)) as amount_cny,

    ----------  时间
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as period_start_date
from {{ ref('int_gl_control_total') }}
where not is_deleted
