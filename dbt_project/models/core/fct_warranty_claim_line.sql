-- 一行 = 一条保修索赔行（现行版本，作废的不在其中）；追偿为负，过账与冲销各归各的会计期间。
with claim_lines as (
    select * from {{ ref('int_warranty_claim_line') }}
    where not is_deleted and {{ in_affected_days('event_date', 'warranty_claim_line') }}
),

vehicles as (
    select * from {{ ref('int_vehicle') }}
    where not is_deleted
),

-- A car written twice in the master data must not double a claim: the newest writing counts.
matched as (
    select
        claim_lines.*,
        vehicles.vehicle_model_code,
        row_number() over (
            partition by claim_lines.record_id
            order by
                vehicles.version_key desc nulls last,
                vehicles.content_hash desc nulls last,
                vehicles.record_id asc nulls last
        ) as vehicle_rank
    from claim_lines
    left join vehicles
        on claim_lines.vin_key = vehicles.vin_key
),

-- What the supplier pays back lowers the cost. Other currencies are not guessed at: no rate, no amount.
signed as (
    select
        matched.*,
        case when cost_type = '追偿' then -1 else 1 end as cost_sign,
        coalesce(currency, 'CNY') = 'CNY' as is_in_cny,
        posted_date is not null and coalesce(status, '') in ('已批准', '已冲销') as is_posted
    from matched
    where vehicle_rank = 1
),

priced as (
    select
        signed.*,
        case
            when is_in_cny then cost_sign * {{ net_of_tax('claimed_amount_cny', 'coalesce(tax_rate, 0)') }}
        end as claimed_net_cny,
        case
            when is_in_cny then cost_sign * {{ net_of_tax('approved_amount_cny', 'coalesce(tax_rate, 0)') }}
        end as approved_net_cny
    from signed
)

select
    ----------  编号
    cast(record_id as string) as claim_line_id,
    cast(claim_no as string) as claim_no,
    cast(line_no as integer) as line_no,
    cast(vin_key as string) as vin_key,
    cast(vehicle_model_code as string) as vehicle_model_code,
    cast(dealer_code as string) as dealer_code,
    cast(visit_no as string) as visit_no,
    cast(supplier_code as string) as supplier_code,
    cast(lot_no as string) as lot_no,

    ----------  属性
    cast(part_code as string) as part_code,
    cast(fault_code as string) as fault_code,
    cast(fault_note as string) as fault_note,
    cast(coalesce(claim_kind, case when cost_type = '善意' then '善意' else '保修' end) as string) as claim_kind,
    cast(cost_type as string) as cost_type,
    cast(status as string) as status,
    cast(cost_centre as string) as cost_centre,
    cast(coalesce(currency, 'CNY') as string) as currency_code,
    cast(case when is_posted then {{ fiscal_period('posted_date') }} end as string) as posting_period,
    cast(case when is_posted then {{ fiscal_period('reversed_date') }} end as string) as reversal_period,

    ----------  度量
    cast(claimed_amount_cny as decimal(18, 2)) as claimed_amount_cny,
    cast(approved_amount_cny as decimal(18, 2)) as approved_amount_cny,
    cast(claimed_net_cny as decimal(18, 2)) as claimed_net_cny,
    cast(approved_net_cny as decimal(18, 2)) as approved_net_cny,
    cast(case when is_posted then approved_net_cny end as decimal(18, 2)) as posted_net_cny,
    cast(case when is_posted and reversed_date is not null then -approved_net_cny end as decimal(18, 2))
        as reversed_net_cny,
    cast(case
        when status = '已批准' and reversed_date is null then coalesce(approved_net_cny, 0)
        else 0
    end as decimal(18, 2)) as standing_net_cny,
    cast(mileage_km as integer) as mileage_km,

    ----------  是否
    cast(is_posted as boolean) as is_posted,
    cast(status = '已冲销' or reversed_date is not null as boolean) as is_reversed,
    cast(cost_type = '善意' or coalesce(claim_kind = '善意', false) as boolean) as is_goodwill,

    ----------  时间
    cast(repair_date as date) as repair_date,
    cast(submitted_date as date) as submitted_date,
    cast(approved_date as date) as approved_date,
    cast(posted_date as date) as posted_date,
    cast(reversed_date as date) as reversed_date,
    cast(updated_at as timestamp) as updated_at,
    cast(date_trunc('month', event_date) as date) as failure_month,
    cast(event_date as date) as failure_date
from priced
order by failure_date, claim_line_id
