-- 一行 = 一张整车订单（现行版本）；退订与红冲的保留并标明，其净额为零。
{% set paid = '(price_incl_tax_cny - coalesce(discount_cny, 0))' %}
select
    ----------  编号
    cast(record_id as string) as order_id,
    cast(order_no as string) as order_no,
    cast(customer_key as string) as customer_key,
    cast(vin_key as string) as vin_key,
    cast(trade_in_vin_key as string) as trade_in_vin_key,
    cast(dealer_code as string) as dealer_code,
    cast(vehicle_model_code as string) as vehicle_model_code,
    cast(lead_no as string) as lead_no,

    ----------  属性
    cast(order_kind as string) as order_kind,
    cast(buyer_type as string) as buyer_type,
    cast(status as string) as status,
    cast(payment as string) as payment,
    cast(cancel_reason_zh as string) as cancel_reason_zh,

    ----------  度量
    cast(price_incl_tax_cny as decimal(18, 2)) as price_incl_tax_cny,
    cast({{ net_of_tax(paid, standard_tax_rate()) }} as decimal(18, 2)) as price_net_cny,
    cast({{ paid }} - {{ net_of_tax(paid, standard_tax_rate()) }} as decimal(18, 2)) as tax_amount_cny,
    cast(discount_cny as decimal(18, 2)) as discount_cny,
    cast(margin_cny as decimal(18, 2)) as margin_cny,
    cast(case
        when invoiced_date is not null and status in ('已开票', '已交付')
            then {{ net_of_tax(paid, standard_tax_rate()) }}
        else 0
    end as decimal(18, 2)) as invoiced_net_cny,
    cast({{ days_between('promised_date', 'delivered_date') }} as integer) as promise_delay_days,

    ----------  是否
    cast(status in ('已退订', '已红冲') as boolean) as is_cancelled,
    cast(status = '已交付' as boolean) as is_delivered,
    cast(order_kind in ('换购', '增购') and status not in ('已退订', '已红冲') as boolean) as is_repurchase,
    cast(buyer_type = '个人' as boolean) as is_repurchase_eligible,

    ----------  时间
    cast(ordered_at as timestamp) as ordered_at,
    cast(promised_date as date) as promised_date,
    cast(invoiced_date as date) as invoiced_date,
    cast(delivered_date as date) as delivered_date,
    cast(cancelled_date as date) as cancelled_date,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as ordered_date
from {{ ref('int_vehicle_order') }}
where not is_deleted
