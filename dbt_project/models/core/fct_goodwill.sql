-- 一行 = 一笔客户补偿（现行版本）；三类分列：善意索赔、客户安抚、法定退换。
select
    ----------  编号
    cast(record_id as string) as goodwill_id,
    cast(goodwill_no as string) as goodwill_no,
    cast(customer_key as string) as customer_key,
    cast(vin_key as string) as vin_key,
    cast(case_no as string) as case_no,
    cast(claim_no as string) as claim_no,

    ----------  属性
    cast(goodwill_kind as string) as goodwill_kind,
    cast(form as string) as form,
    cast(aspect_tag as string) as aspect_code,
    cast(status as string) as status,
    cast(cost_centre as string) as cost_centre,
    cast({{ fiscal_period('posted_date') }} as string) as fiscal_period,
    cast({{ fiscal_period('reversed_date') }} as string) as reversal_period,

    ----------  度量
    cast(amount_cny as decimal(18, 2)) as amount_cny,
    cast(case
        when status in ('批准', '发放', '使用') and reversed_date is null then amount_cny
        else 0
    end as decimal(18, 2)) as standing_amount_cny,
    cast(points as decimal(18, 2)) as points,

    ----------  是否
    cast(posted_date is not null as boolean) as is_posted,
    cast(status = '冲销' or reversed_date is not null as boolean) as is_reversed,

    ----------  时间
    cast(redeemed_date as date) as redeemed_date,
    cast(posted_date as date) as posted_date,
    cast(reversed_date as date) as reversed_date,
    cast(updated_at as timestamp) as updated_at,
    cast(event_date as date) as granted_date
from {{ ref('int_goodwill') }}
where not is_deleted
