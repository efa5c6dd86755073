-- The claim lines counted in a month are those whose car was in use when it failed.
with counted as (
    select
        month_start_date,
        sum(claim_line_count) as line_count
    from {{ ref('fct_vehicle_month') }}
    where {{ tested_days('month_start_date', 'vehicle_month') }}
    group by month_start_date
),

claimed as (
    select
        claims.failure_month,
        count(*) as line_count
    from {{ ref('fct_warranty_claim_line') }} as claims
    inner join {{ ref('fct_vehicle_month') }} as car_months
        on claims.vin_key = car_months.vin_key and claims.failure_month = car_months.month_start_date
    where {{ tested_days('claims.failure_month', 'vehicle_month') }}
    group by claims.failure_month
)

select
    counted.month_start_date,
    counted.line_count,
    claimed.line_count as claimed_count
from counted
left join claimed
    on counted.month_start_date = claimed.failure_month
where counted.line_count <> coalesce(claimed.line_count, 0)
