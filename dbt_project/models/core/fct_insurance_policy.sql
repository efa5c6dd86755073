-- 一行 = 一张保单的一个险种（交强险与商业险分列，现行版本），金额不含税。
select
    ----------  编号
    cast(record_id as string) as policy_id,
    cast(policy_no as string) as policy_no,
    cast(vin_key as string) as vin_key,
    cast(customer_key as string) as customer_key,
    cast(dealer_code as string) as dealer_code,

    ----------  属性
    cast(policy_kind as string) as policy_kind,
    cast(renewal_kind as string) as renewal_kind,
    cast(sold_by as string) as sold_by,
    cast(status as string) as status,

    ----------  度量
    cast(premium_incl_tax_cny as decimal(18, 2)) as premium_incl_tax_cny,
    cast(
        {{ net_of_tax('premium_incl_tax_cny', 'coalesce(tax_rate, ' ~ insurance_tax_rate() ~ ')') }}
        as decimal(18, 2)
    ) as premium_net_cny,
    cast(
        {{ net_of_tax('commission_incl_tax_cny', 'coalesce(tax_rate, ' ~ insurance_tax_rate() ~ ')') }}
        as decimal(18, 2)
    ) as commission_net_cny,
    cast({{ days_between('start_date', 'end_date') }} as integer) as term_days,

    ----------  是否
    cast(policy_kind = '交强险' as boolean) as is_compulsory,
    cast(renewal_kind in ('新转续', '续转续') as boolean) as is_renewal,
    cast(renewal_kind = '新转续' as boolean) as is_first_renewal,
    cast(coalesce(sold_by = '经销商', false) as boolean) as is_sold_by_dealer,
    cast(status = '退保' as boolean) as is_cancelled,

    ----------  时间
    cast(end_date as date) as end_date,
    cast(signed_date as date) as signed_date,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as start_date
from {{ ref('int_insurance_policy') }}
where not is_deleted
