-- 一行 = 一辆车的一个完整自然月（自起用月至报废月），车主、软件版本、在保取当月所知，车型、经销商、使用性质取现行主数据：暴露量的骨架。
{% set event_month %}cast(date_trunc('month', event_date) as date){% endset %}
with months as (
    {{ complete_months('vehicle_month') }}
),

vehicles as (
    select
        vin_key,
        vehicle_model_code,
        dealer_code,
        usage_kind,
        warranty_start_date,
        least(warranty_start_date, sold_date) as in_use_from_date,
        coalesce(scrapped_date, cast('9999-12-31' as date)) as in_use_before_date
    from {{ ref('dim_vehicle') }}
),

-- A car scrapped before it was in use was never exposed: the dates contradict each other.
vehicle_months as (
    select
        vehicles.*,
        months.month_start_date,
        months.next_month_start_date
    from months
    inner join vehicles
        on
            months.next_month_start_date > vehicles.in_use_from_date
            and months.month_start_date < vehicles.in_use_before_date
            and vehicles.in_use_from_date < vehicles.in_use_before_date
),

owners as (
    {{ owner_intervals() }}
),

-- The version on the car when the month began (midnight in Shanghai).
versions as (
    select
        vin_key,
        software_version,
        {{ shanghai_date('valid_from') }} as on_car_from_date,
        coalesce({{ shanghai_date('valid_to') }}, cast('9999-12-31' as date)) as on_car_before_date
    from {{ ref('fct_software_install') }}
    where is_effective
),

usages as (
    select
        vin_key,
        cast(date_trunc('month', event_date) as date) as usage_month,
        max(odometer_km) as odometer_km,
        sum(distance_km) as distance_km
    from {{ ref('int_vehicle_usage') }}
    where
        not is_deleted
        and {{ in_affected_days(event_month, 'vehicle_month') }}
    group by vin_key, cast(date_trunc('month', event_date) as date)
),

claims as (
    select
        vin_key,
        cast(date_trunc('month', event_date) as date) as failure_month,
        count(*) as claim_line_count
    from {{ ref('int_warranty_claim_line') }}
    where
        not is_deleted
        and {{ in_affected_days(event_month, 'vehicle_month') }}
    group by vin_key, cast(date_trunc('month', event_date) as date)
),

visits as (
    select
        vin_key,
        cast(date_trunc('month', event_date) as date) as visit_month,
        count(*) as visit_count
    from {{ ref('int_service_visit') }}
    where
        not is_deleted
        and {{ in_affected_days(event_month, 'vehicle_month') }}
    group by vin_key, cast(date_trunc('month', event_date) as date)
),

described as (
    select
        vehicle_months.*,
        owners.customer_key,
        versions.software_version,
        usages.odometer_km,
        usages.distance_km,
        claims.claim_line_count,
        visits.visit_count,
        {{ month_number('vehicle_months.month_start_date') }}
        - {{ month_number('vehicle_months.in_use_from_date') }} as age_months,
        {{ month_number('vehicle_months.month_start_date') }}
        - {{ month_number('vehicle_months.warranty_start_date') }} as warranty_age_months
    from vehicle_months
    left join owners
        on
            vehicle_months.vin_key = owners.vin_key
            and vehicle_months.next_month_start_date > owners.owned_from_date
            and vehicle_months.next_month_start_date <= owners.owned_before_date
    left join versions
        on
            vehicle_months.vin_key = versions.vin_key
            and vehicle_months.month_start_date > versions.on_car_from_date
            and vehicle_months.month_start_date <= versions.on_car_before_date
    left join usages
        on
            vehicle_months.vin_key = usages.vin_key
            and vehicle_months.month_start_date = usages.usage_month
    left join claims
        on
            vehicle_months.vin_key = claims.vin_key
            and vehicle_months.month_start_date = claims.failure_month
    left join visits
        on
            vehicle_months.vin_key = visits.vin_key
            and vehicle_months.month_start_date = visits.visit_month
)

select
    ----------  编号
    cast(vin_key as string) as vin_key,
    cast(customer_key as string) as customer_key,
    cast(vehicle_model_code as string) as vehicle_model_code,
    cast(dealer_code as string) as dealer_code,

    ----------  属性
    cast(usage_kind as string) as usage_kind,
    cast(software_version as string) as software_version,

    ----------  度量
    cast(age_months as integer) as age_months,
    cast(
        {{ days_between('greatest(month_start_date, in_use_from_date)',
            'least(next_month_start_date, in_use_before_date)') }} as integer
    ) as exposure_days,
    cast(odometer_km as integer) as odometer_km,
    cast(distance_km as integer) as distance_km,
    cast(coalesce(claim_line_count, 0) as integer) as claim_line_count,
    cast(coalesce(visit_count, 0) as integer) as visit_count,

    ----------  是否
    cast(
        warranty_age_months < {{ warranty_months() }}
        and coalesce(odometer_km - coalesce(distance_km, 0), 0) < {{ warranty_km() }} as boolean
    ) as is_in_warranty,

    ----------  时间
    cast(month_start_date as date) as month_start_date
from described
order by month_start_date, vin_key
