-- 一行 = 一辆车（车架号的假名键）。
with vehicles as (
    select
        int_vehicle.*,
        row_number() over (
            partition by vin_key
            order by {{ version_order() }}, record_id asc nulls last
        ) as newness_rank
    from {{ ref('int_vehicle') }} as int_vehicle
    where not is_deleted
)

select
    ----------  编号
    cast(vin_key as string) as vin_key,
    cast(vin8_key as string) as vin8_key,
    cast(plate_key as string) as plate_key,
    cast(customer_key as string) as customer_key,
    cast(vehicle_model_code as string) as vehicle_model_code,
    cast(dealer_code as string) as dealer_code,

    ----------  属性
    cast(vin_wmi as string) as vin_wmi,
    cast(vin_model_year as integer) as vin_model_year,
    cast(vin_plant as string) as vin_plant,
    cast(usage_kind as string) as usage_kind,

    ----------  是否
    cast(coalesce(usage_kind, '家用') = '家用' as boolean) as is_private,

    ----------  时间
    cast(build_date as date) as build_date,
    cast(sold_date as date) as sold_date,
    cast(coalesce(warranty_start_date, sold_date) as date) as warranty_start_date,
    cast(scrapped_date as date) as scrapped_date,
    cast(updated_at as timestamp) as updated_at
from vehicles
where newness_rank = 1
