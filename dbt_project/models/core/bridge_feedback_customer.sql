-- 一行 = 一个能对应到客户主数据的声音，附最强的一种对应方式。
-- 只做精确对应（来源客户号、调研邀请、车主、独有手机号）；完整的身份合并在其后的模型。
-- 它是视图：主数据迟到或更正会改变历史声音的对应，存成表就要每天重写历史。
with voices as (
    select * from {{ ref('fct_feedback') }}
),

customers as (
    select * from {{ ref('dim_customer') }}
),

sole_phone_holders as (
    select
        phone_key,
        min(customer_key) as customer_key
    from customers
    where phone_key is not null
    group by phone_key
    having count(*) = 1
),

links as (
    select
        voices.feedback_id,
        voices.customer_key,
        1 as method_rank,
        'source_customer' as link_method
    from voices
    where voices.customer_key is not null
    union all
    select
        responses.feedback_id,
        responses.customer_key,
        2 as method_rank,
        'survey_invitation' as link_method
    from {{ ref('fct_survey_response') }} as responses
    inner join voices on responses.feedback_id = voices.feedback_id
    where responses.customer_key is not null
    union all
    select
        voices.feedback_id,
        vehicles.customer_key,
        3 as method_rank,
        'vehicle_owner' as link_method
    from voices
    inner join {{ ref('dim_vehicle') }} as vehicles on voices.vin_key = vehicles.vin_key
    union all
    select
        voices.feedback_id,
        sole_phone_holders.customer_key,
        4 as method_rank,
        'sole_phone' as link_method
    from voices
    inner join sole_phone_holders on voices.phone_key = sole_phone_holders.phone_key
),

ranked as (
    select
        links.*,
        row_number() over (
            partition by links.feedback_id
            order by links.method_rank asc nulls last, links.customer_key asc nulls last
        ) as link_rank
    from links
    inner join customers on links.customer_key = customers.customer_key
)

select
    cast(feedback_id as string) as feedback_id,
    cast(customer_key as string) as customer_key,
    cast(link_method as string) as link_method
from ranked
where link_rank = 1
