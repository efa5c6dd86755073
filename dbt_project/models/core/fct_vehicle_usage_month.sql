-- 一行 = 一辆车一个月的联网用量（现行版本）；没有联网数据的车月没有行。
select
    ----------  编号
    cast(record_id as string) as vehicle_usage_id,
    cast(vin_key as string) as vin_key,

    ----------  度量
    cast(odometer_km as integer) as odometer_km,
    cast(distance_km as integer) as distance_km,
    cast(active_days as integer) as active_days,
    cast(app_open_days as integer) as app_open_days,

    ----------  时间
    cast(updated_at as timestamp) as updated_at,
    cast(cast(date_trunc('month', event_date) as date) as date) as usage_month,
    cast(event_date as date) as usage_date
from {{ ref('int_vehicle_usage') }}
where not is_deleted
