-- A complete month has exactly one row for each car that was in use in it.
with months as (
    {{ complete_months('vehicle_month') }}
),

expected as (
    select
        months.month_start_date,
        count(*) as car_count
    from months
    inner join {{ ref('dim_vehicle') }} as vehicles
        on
            months.next_month_start_date > least(vehicles.warranty_start_date, vehicles.sold_date)
            and months.month_start_date < coalesce(vehicles.scrapped_date, cast('9999-12-31' as date))
            and least(vehicles.warranty_start_date, vehicles.sold_date)
            < coalesce(vehicles.scrapped_date, cast('9999-12-31' as date))
    where {{ tested_days('months.month_start_date', 'vehicle_month') }}
    group by months.month_start_date
),

found as (
    select
        month_start_date,
        count(*) as car_count
    from {{ ref('fct_vehicle_month') }}
    where {{ tested_days('month_start_date', 'vehicle_month') }}
    group by month_start_date
)

select
    coalesce(expected.month_start_date, found.month_start_date) as month_start_date,
    expected.car_count as expected_count,
    found.car_count as found_count
from expected
full join found
    on expected.month_start_date = found.month_start_date
where expected.car_count is distinct from found.car_count
