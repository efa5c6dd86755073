-- 一行 = 一场营销活动（现行版本）；含竞品的活动。
select
    ----------  编号
    cast(campaign_no as string) as campaign_no,
    cast(vehicle_model_code as string) as vehicle_model_code,

    ----------  属性
    cast(campaign_name_zh as string) as campaign_name_zh,
    cast(claim_text as string) as claim_text,
    cast(aspect_tag as string) as aspect_code,
    cast(medium as string) as medium,
    cast(brand_side as string) as brand_side,
    cast(brand_zh as string) as brand_zh,
    cast(service_script as string) as service_script,

    ----------  度量
    cast(spend_cny as decimal(18, 2)) as spend_cny,

    ----------  时间
    cast(start_date as date) as start_date,
    cast(end_date as date) as end_date,
    cast(updated_at as timestamp) as updated_at
from {{ ref('int_campaign') }}
where not is_deleted
