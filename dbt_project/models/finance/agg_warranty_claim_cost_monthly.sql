-- 一行 = 一个故障月 × 过账期间 × 车型 × 费用类型的索赔金额。*_net_cny 不含税、追偿为负、只含人民币行，可跨费用类型相加；*_amount_cny 为申报原数：含税、追偿为正、外币按原数，只在同一费用类型内相加。
with claim_lines as (
    select * from {{ ref('fct_warranty_claim_line') }}
    where {{ in_affected_days('failure_month', 'warranty_claim_month') }}
)

select
    cast(coalesce(posting_period, 'NONE') as string) as posting_period,
    cast(coalesce(vehicle_model_code, 'UNKNOWN') as string) as vehicle_model_code,
    cast(cost_type as string) as cost_type,
    cast(count(*) as integer) as claim_line_count,
    cast(count(*) filter (where status in ('已拒绝', '已冲销')) as integer) as refused_line_count,
    cast(count(*) filter (where status = '已申请') as integer) as open_line_count,
    cast(sum(claimed_amount_cny) as decimal(18, 2)) as claimed_amount_cny,
    -- What stands: refused and reversed lines cost nothing, whatever amount they still carry.
    cast(coalesce(sum(approved_amount_cny) filter (where status = '已批准'), 0) as decimal(18, 2))
        as approved_amount_cny,
    cast(coalesce(sum(claimed_amount_cny) filter (where status in ('已拒绝', '已冲销')), 0) as decimal(18, 2))
        as refused_amount_cny,
    cast(coalesce(sum(claimed_amount_cny) filter (where status = '已申请'), 0) as decimal(18, 2))
        as open_amount_cny,
    cast(coalesce(sum(posted_net_cny), 0) as decimal(18, 2)) as posted_net_cny,
    cast(coalesce(sum(reversed_net_cny), 0) as decimal(18, 2)) as reversed_net_cny,
    cast(sum(standing_net_cny) as decimal(18, 2)) as standing_net_cny,
    cast(failure_month as date) as failure_month
from claim_lines
group by failure_month, coalesce(posting_period, 'NONE'), coalesce(vehicle_model_code, 'UNKNOWN'), cost_type
order by failure_month, posting_period, vehicle_model_code, cost_type
