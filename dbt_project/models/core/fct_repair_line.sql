-- 一行 = 一条维修行（现行版本）：谁付、换了什么、花了多少；描述只给可读文字的人。
select
    ----------  编号
    cast(record_id as string) as repair_line_id,
    cast(visit_no as string) as visit_no,
    cast(line_no as integer) as line_no,
    cast(vin_key as string) as vin_key,
    cast(dealer_code as string) as dealer_code,

    ----------  属性
    cast(payer as string) as payer,
    cast(part_code as string) as part_code,
    cast(fault_code as string) as fault_code,
    cast(labour_code as string) as labour_code,
    cast(verbatim as string) as complaint_note,
    cast(cause_note as string) as cause_note,
    cast(correction_note as string) as correction_note,

    ----------  度量
    cast(labour_h as decimal(18, 2)) as labour_h,
    cast(parts_amount_cny as decimal(18, 2)) as parts_amount_cny,
    cast(labour_amount_cny as decimal(18, 2)) as labour_amount_cny,
    cast(coalesce(parts_amount_cny, 0) + coalesce(labour_amount_cny, 0) as decimal(18, 2)) as total_amount_cny,
    cast(part_wait_days as decimal(18, 2)) as part_wait_days,

    ----------  是否
    cast(coalesce(is_repeat_repair, false) as boolean) as is_repeat_repair,

    ----------  时间
    cast(opened_at as timestamp) as opened_at,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as opened_date
from {{ ref('int_repair_line') }}
where not is_deleted
