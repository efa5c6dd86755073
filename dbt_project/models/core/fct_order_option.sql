-- 一行 = 一张订单的一个选装（现行版本），含推介而未选的（选装率的分母）。
select
    ----------  编号
    cast(record_id as string) as order_option_id,
    cast(order_no as string) as order_no,
    cast(option_code as string) as option_code,

    ----------  属性
    cast(option_name_zh as string) as option_name_zh,

    ----------  度量
    cast(price_incl_tax_cny as decimal(18, 2)) as price_incl_tax_cny,
    cast({{ net_of_tax('price_incl_tax_cny', standard_tax_rate()) }} as decimal(18, 2)) as price_net_cny,
    cast(case
        when coalesce(is_taken, false) then {{ net_of_tax('price_incl_tax_cny', standard_tax_rate()) }}
        else 0
    end as decimal(18, 2)) as taken_net_cny,
    cast(margin_cny as decimal(18, 2)) as margin_cny,

    ----------  是否
    cast(coalesce(is_taken, false) as boolean) as is_taken,

    ----------  时间
    cast(chosen_at as timestamp) as chosen_at,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as chosen_date
from {{ ref('int_order_option') }}
where not is_deleted
