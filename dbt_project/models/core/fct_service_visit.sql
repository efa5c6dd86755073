-- 一行 = 一次进店（现行版本）。
select
    ----------  编号
    cast(record_id as string) as visit_id,
    cast(visit_no as string) as visit_no,
    cast(customer_key as string) as customer_key,
    cast(vin_key as string) as vin_key,
    cast(dealer_code as string) as dealer_code,
    cast(adviser_no as string) as adviser_no,

    ----------  属性
    cast(visit_reason as string) as visit_reason,

    ----------  度量
    cast(mileage_km as integer) as mileage_km,
    cast({{ days_between(shanghai_date('arrived_at'), shanghai_date('delivered_at')) }} as integer)
        as days_in_shop,
    cast({{ hours_between('arrived_at', 'finished_at') }} as decimal(18, 2)) as workshop_hours,
    cast(customer_paid_incl_tax_cny as decimal(18, 2)) as customer_paid_incl_tax_cny,
    cast({{ net_of_tax('customer_paid_incl_tax_cny', standard_tax_rate()) }} as decimal(18, 2))
        as customer_paid_net_cny,

    ----------  是否
    cast(coalesce(is_online_booked, false) as boolean) as is_online_booked,
    cast(delivered_at is not null as boolean) as is_delivered,

    ----------  时间
    cast(arrived_at as timestamp) as arrived_at,
    cast(finished_at as timestamp) as finished_at,
    cast(delivered_at as timestamp) as delivered_at,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as arrived_date
from {{ ref('int_service_visit') }}
where not is_deleted
