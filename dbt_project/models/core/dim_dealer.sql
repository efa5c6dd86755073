-- 一行 = 一家经销商。
with dealers as (
    select * from {{ ref('int_dealer') }}
    where not is_deleted
)

select
    cast(dealer_code as string) as dealer_code,
    cast(dealer_name_zh as string) as dealer_name_zh,
    cast(province_zh as string) as province_zh,
    cast(city_zh as string) as city_zh,
    cast(opened_date as date) as opened_date,
    cast(updated_at as timestamp) as updated_at
from dealers
