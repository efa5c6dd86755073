-- 一行 = 一位客户（假名键）。
with customers as (
    select
        int_customer.*,
        row_number() over (
            partition by customer_key
            order by {{ version_order() }}, record_id asc nulls last
        ) as newness_rank
    from {{ ref('int_customer') }} as int_customer
    where not is_deleted
)

select
    ----------  编号
    cast(customer_key as string) as customer_key,
    cast(phone_key as string) as phone_key,
    cast(mail_key as string) as mail_key,
    cast(id_card_key as string) as id_card_key,

    ----------  属性
    cast(province_zh as string) as province_zh,
    cast(city_zh as string) as city_zh,
    cast(gender as string) as gender,
    cast(birth_year as integer) as birth_year,

    ----------  时间
    cast(registered_at as timestamp) as registered_at,
    cast(event_date as date) as registered_date,
    cast(updated_at as timestamp) as updated_at
from customers
where newness_rank = 1
