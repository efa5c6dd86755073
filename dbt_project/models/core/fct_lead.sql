-- 一行 = 一条销售线索（现行版本）。
select
    ----------  编号
    cast(record_id as string) as lead_id,
    cast(lead_no as string) as lead_no,
    cast(customer_key as string) as customer_key,
    cast(referrer_key as string) as referrer_key,
    cast(dealer_code as string) as dealer_code,
    cast(vehicle_model_code as string) as vehicle_model_code,
    cast(campaign_no as string) as campaign_no,
    cast(order_no as string) as order_no,

    ----------  属性
    cast(lead_source as string) as lead_source,
    cast(status as string) as status,
    cast(lost_reason_zh as string) as lost_reason_zh,
    cast(lost_to_brand_zh as string) as lost_to_brand_zh,

    ----------  是否
    cast(lead_source = '转介绍' or referrer_key is not null as boolean) as is_referral,
    cast(status = '已订车' as boolean) as is_won,
    cast(status = '战败' as boolean) as is_lost,
    cast(status in ('新建', '跟进中', '已试驾') as boolean) as is_open,

    ----------  时间
    cast(closed_date as date) as closed_date,
    cast(created_at as timestamp) as created_at,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as created_date
from {{ ref('int_lead') }}
where not is_deleted
