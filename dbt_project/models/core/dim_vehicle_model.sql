-- 一行 = 一个车型。
with vehicle_models as (
    select * from {{ ref('int_vehicle_model') }}
    where not is_deleted
)

select
    cast(vehicle_model_code as string) as vehicle_model_code,
    cast(brand_zh as string) as brand_zh,
    cast(series_zh as string) as series_zh,
    cast(model_zh as string) as model_zh,
    cast(model_year as integer) as model_year,
    cast(powertrain_type as string) as powertrain_type,
    cast(launched_date as date) as launched_date,
    cast(updated_at as timestamp) as updated_at
from vehicle_models
