-- A month or quarter that is not over yet has no row: its counts would still grow.
with periods as (
    select
        'month' as period_kind,
        month_start_date as start_date
    from {{ ref('fct_vehicle_month') }}
    where {{ tested_days('month_start_date', 'vehicle_month') }}
    union all
    select
        'quarter' as period_kind,
        quarter_start_date as start_date
    from {{ ref('fct_customer_quarter') }}
    where {{ tested_days('quarter_start_date', 'customer_quarter') }}
)

select
    periods.period_kind,
    periods.start_date
from periods
cross join {{ source('ctl', 'run_window') }} as run_window
where
    periods.start_date >= cast(date_trunc(periods.period_kind, run_window.as_of + 1) as date)
