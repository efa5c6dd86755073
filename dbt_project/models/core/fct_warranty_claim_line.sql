-- 一行 = 一条保修索赔行（现行版本，作废的不在其中）。
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
)

select
    ----------  编号
    cast(record_id as string) as claim_line_id,
    cast(claim_no as string) as claim_no,
    cast(line_no as integer) as line_no,
    cast(vin_key as string) as vin_key,
    cast(vehicle_model_code as string) as vehicle_model_code,
    cast(dealer_code as string) as dealer_code,

    ----------  属性
    cast(part_code as string) as part_code,
    cast(fault_code as string) as fault_code,
    cast(fault_note as string) as fault_note,
    cast(cost_type as string) as cost_type,
    cast(status as string) as status,

    ----------  度量
    cast(claimed_amount_cny as decimal(18, 2)) as claimed_amount_cny,
    cast(approved_amount_cny as decimal(18, 2)) as approved_amount_cny,
    cast(mileage_km as integer) as mileage_km,

    ----------  时间
    cast(repair_date as date) as repair_date,
    cast(submitted_date as date) as submitted_date,
    cast(updated_at as timestamp) as updated_at,
    cast(date_trunc('month', event_date) as date) as failure_month,
    cast(event_date as date) as failure_date
from matched
where vehicle_rank = 1
order by failure_date, claim_line_id
