-- 一行 = 一张投诉工单（现行版本），附响应与解决时长。
select
    ----------  编号
    cast(record_id as string) as case_id,
    cast(case_no as string) as case_no,
    cast(customer_key as string) as customer_key,
    cast(vin_key as string) as vin_key,

    ----------  属性
    cast(source_channel as string) as source_channel,
    cast(aspect_tag as string) as aspect_code,
    cast(severity as integer) as severity,
    cast(status as string) as status,
    cast(resolution as string) as resolution,
    cast(team as string) as team,

    ----------  度量
    cast({{ hours_between('opened_at', 'first_responded_at') }} as decimal(18, 2)) as response_hours,
    cast({{ hours_between('opened_at', 'resolved_at') }} as decimal(18, 2)) as resolution_hours,

    ----------  是否
    cast(status in ('已解决', '已关闭') as boolean) as is_resolved,
    cast(status = '重开' as boolean) as is_reopened,
    cast(is_confirmed_by_customer as boolean) as is_confirmed_by_customer,

    ----------  时间
    cast(opened_at as timestamp) as opened_at,
    cast(first_responded_at as timestamp) as first_responded_at,
    cast(resolved_at as timestamp) as resolved_at,
    cast(closed_at as timestamp) as closed_at,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as opened_date
from {{ ref('int_complaint_case') }}
where not is_deleted
