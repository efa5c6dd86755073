-- 一行 = 一张商城订单（现行版本）；退货与取消的保留并标明，其净额为零。
select
    ----------  编号
    cast(record_id as string) as accessory_order_id,
    cast(accessory_order_no as string) as accessory_order_no,
    cast(customer_key as string) as customer_key,

    ----------  属性
    cast(item_zh as string) as item_zh,
    cast(variant_zh as string) as variant_zh,
    cast(status as string) as status,
    cast(return_reason_zh as string) as return_reason_zh,

    ----------  度量
    cast(amount_incl_tax_cny as decimal(18, 2)) as amount_incl_tax_cny,
    cast(case
        when status in ('已退货', '已取消') then 0
        else {{ net_of_tax('amount_incl_tax_cny', standard_tax_rate()) }}
    end as decimal(18, 2)) as kept_net_cny,
    cast({{ hours_between('ordered_at', 'shipped_at') }} as decimal(18, 2)) as shipping_hours,

    ----------  是否
    cast(status = '已退货' as boolean) as is_returned,
    cast(status = '已取消' as boolean) as is_cancelled,

    ----------  时间
    cast(ordered_at as timestamp) as ordered_at,
    cast(shipped_at as timestamp) as shipped_at,
    cast(received_by_customer_at as timestamp) as received_by_customer_at,
    cast(returned_at as timestamp) as returned_at,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as ordered_date
from {{ ref('int_accessory_order') }}
where not is_deleted
