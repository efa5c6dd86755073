-- 一行 = 一个须重建安装区间的安装日：有安装变动的车辆的全部安装日（一次安装结束前一版本的区间）。
with own_days as (
    {{ affected_days('connected_car__software_install') }}
),

changed_vehicles as (
    select distinct vin_key
    from {{ ref('stg_connected_car__software_install') }}
),

days_of_changed_vehicles as (
    select installs.event_date
    from {{ ref('int_software_install') }} as installs
    inner join changed_vehicles
        on installs.vin_key = changed_vehicles.vin_key
)

select event_date from own_days
union distinct
select event_date from days_of_changed_vehicles
