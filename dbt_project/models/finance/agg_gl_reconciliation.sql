-- 一行 = 一个会计期间 × 科目用途 × 成本中心 × 口径：业务记录之和与总账控制数之差（未分摊的一行也在其中）。
with bookings as (
    select
        posting_period as fiscal_period,
        'warranty' as subject,
        cost_centre,
        case when cost_type = '追偿' then '追偿' else '发生' end as entry_kind,
        posted_net_cny as amount_cny
    from {{ ref('fct_warranty_claim_line') }}
    where is_posted
    union all
    select
        reversal_period as fiscal_period,
        'warranty' as subject,
        cost_centre,
        '冲回' as entry_kind,
        reversed_net_cny as amount_cny
    from {{ ref('fct_warranty_claim_line') }}
    where is_posted and reversal_period is not null
    union all
    select
        fiscal_period,
        'goodwill' as subject,
        cost_centre,
        '发生' as entry_kind,
        amount_cny
    from {{ ref('fct_goodwill') }}
    where is_posted
    union all
    select
        reversal_period as fiscal_period,
        'goodwill' as subject,
        cost_centre,
        '冲回' as entry_kind,
        -amount_cny as amount_cny
    from {{ ref('fct_goodwill') }}
    where is_posted and reversal_period is not null
    union all
    select
        {{ fiscal_period('started_date') }} as fiscal_period,
        'contact' as subject,
        cost_centre,
        '发生' as entry_kind,
        cost_cny as amount_cny
    from {{ ref('fct_contact') }}
    where is_costed
),

signed as (
    select
        fiscal_period,
        subject,
        coalesce(cost_centre, 'NONE') as cost_centre,
        entry_kind,
        amount_cny as booked_amount_cny,
        cast(0 as decimal(18, 2)) as control_amount_cny,
        1 as booking_count
    from bookings
    union all
    select
        totals.fiscal_period,
        coalesce(known_accounts.subject, 'other') as subject,
        totals.cost_centre,
        totals.entry_kind,
        cast(0 as decimal(18, 2)) as booked_amount_cny,
        totals.amount_cny as control_amount_cny,
        0 as booking_count
    from {{ ref('fct_gl_control_total') }} as totals
    left join {{ ref('dim_gl_account') }} as known_accounts
        on totals.account_code = known_accounts.account_code
),

summed as (
    select
        fiscal_period,
        subject,
        cost_centre,
        entry_kind,
        sum(booking_count) as booking_count,
        sum(booked_amount_cny) as booked_amount_cny,
        sum(control_amount_cny) as control_amount_cny
    from signed
    group by fiscal_period, subject, cost_centre, entry_kind
)

select
    cast(summed.fiscal_period as string) as fiscal_period,
    cast(summed.subject as string) as subject,
    cast(summed.cost_centre as string) as cost_centre,
    cast(summed.entry_kind as string) as entry_kind,
    cast(summed.booking_count as integer) as booking_count,
    cast(coalesce(summed.booked_amount_cny, 0) as decimal(18, 2)) as booked_amount_cny,
    cast(summed.control_amount_cny as decimal(18, 2)) as control_amount_cny,
    cast(summed.control_amount_cny - coalesce(summed.booked_amount_cny, 0) as decimal(18, 2))
        as unallocated_amount_cny,
    cast(summed.entry_kind <> '计提' and summed.subject <> 'other' as boolean) as is_reconciled,
    cast(coalesce(periods.is_closed, false) as boolean) as is_closed
from summed
left join {{ ref('dim_close_period') }} as periods
    on summed.fiscal_period = periods.fiscal_period
order by fiscal_period, subject, cost_centre, entry_kind
