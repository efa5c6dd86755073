-- 一行 = 一位客户的一个完整季度（自建档或首次拥有车辆的季度起），只含季末时已知的事（退保没有日期，取现行状态）：留存与复购的骨架。
with quarters as (
    {{ complete_quarters('customer_quarter') }}
),

owners as (
    {{ owner_intervals() }}
),

beginnings as (
    select
        customer_key,
        event_date as known_from_date
    from {{ ref('int_customer') }}
    where not is_deleted
    union all
    select
        customer_key,
        owned_from_date as known_from_date
    from owners
),

customers as (
    select
        customer_key,
        min(known_from_date) as known_from_date
    from beginnings
    where customer_key is not null
    group by customer_key
),

customer_quarters as (
    select
        customers.customer_key,
        customers.known_from_date,
        quarters.quarter_start_date,
        quarters.next_quarter_start_date
    from quarters
    inner join customers
        on quarters.next_quarter_start_date > customers.known_from_date
),

-- What can be added up within the quarter, from all sources, in one shape.
events as (
    select
        customer_key,
        event_date,
        'contact' as event_kind,
        handling_min as amount
    from {{ ref('int_contact') }}
    where not is_deleted
    union all
    select
        customer_key,
        event_date,
        'case' as event_kind,
        0 as amount
    from {{ ref('int_complaint_case') }}
    where not is_deleted
    union all
    select
        customer_key,
        feedback_date as event_date,
        case when sentiment_polarity < 0 then 'negative_voice' else 'voice' end as event_kind,
        0 as amount
    from {{ ref('fct_feedback') }}
    where customer_key is not null
    union all
    select
        customer_key,
        event_date,
        'visit' as event_kind,
        0 as amount
    from {{ ref('int_service_visit') }}
    where not is_deleted
    union all
    select
        customer_key,
        ordered_date as event_date,
        -- An order counts until the quarter in which it is cancelled; without a day, it never counted.
        case
            when
                is_cancelled
                and coalesce(cancelled_date, ordered_date)
                < cast(date_trunc('quarter', ordered_date) + interval '3' month as date)
                then 'cancelled_order'
            when order_kind in ('换购', '增购') and is_repurchase_eligible then 'repurchase'
            else 'order'
        end as event_kind,
        0 as amount
    from {{ ref('fct_vehicle_order') }}
),

event_sums as (
    select
        quarters.quarter_start_date,
        events.customer_key,
        count(*) filter (where events.event_kind = 'contact') as contact_count,
        sum(events.amount) as handling_min,
        count(*) filter (where events.event_kind = 'case') as case_count,
        count(*) filter (where events.event_kind in ('voice', 'negative_voice')) as voice_count,
        count(*) filter (where events.event_kind = 'negative_voice') as negative_voice_count,
        count(*) filter (where events.event_kind = 'visit') as visit_count,
        count(*) filter (where events.event_kind in ('order', 'repurchase')) as order_count,
        count(*) filter (where events.event_kind = 'repurchase') as repurchase_count
    from quarters
    inner join events
        on quarters.quarter_start_date = cast(date_trunc('quarter', events.event_date) as date)
    where events.customer_key is not null
    group by quarters.quarter_start_date, events.customer_key
),

holdings as (
    select
        quarters.quarter_start_date,
        owners.customer_key,
        count(*) as owned_vehicle_count
    from quarters
    inner join owners
        on
            quarters.next_quarter_start_date > owners.owned_from_date
            and quarters.next_quarter_start_date <= owners.owned_before_date
    group by quarters.quarter_start_date, owners.customer_key
),

-- A policy is renewed once the next one of its car and kind is signed, by whichever insurer.
policies as (
    select
        policies.record_id,
        policies.vin_key,
        policies.customer_key,
        policies.policy_kind,
        policies.start_date,
        policies.end_date,
        coalesce(policies.signed_date, policies.start_date) as signed_date
    from {{ ref('int_insurance_policy') }} as policies
    where not policies.is_deleted and coalesce(policies.status, '') <> '退保'
),

endings as (
    select
        policies.record_id,
        policies.customer_key,
        quarters.quarter_start_date,
        quarters.next_quarter_start_date,
        min(successors.signed_date) as renewed_date
    from quarters
    inner join policies
        on quarters.quarter_start_date = cast(date_trunc('quarter', policies.end_date) as date)
    left join policies as successors
        on
            policies.vin_key = successors.vin_key
            and policies.policy_kind = successors.policy_kind
            and policies.start_date < successors.start_date
            and policies.end_date <= successors.start_date + {{ renewal_days() }}
            and policies.end_date >= successors.start_date - {{ renewal_days() }}
    where policies.policy_kind = '商业险' and policies.customer_key is not null
    group by
        policies.record_id,
        policies.customer_key,
        quarters.quarter_start_date,
        quarters.next_quarter_start_date
),

policy_sums as (
    select
        quarter_start_date,
        customer_key,
        count(*) as policy_end_count,
        count(*) filter (where renewed_date < next_quarter_start_date) as policy_renewed_count
    from endings
    group by quarter_start_date, customer_key
),

answers as (
    select
        customer_key,
        metric,
        score,
        response_date,
        lead(response_date) over (
            partition by customer_key, metric
            order by response_date asc nulls last, submitted_at asc nulls last, response_id asc nulls last
        ) as next_response_date
    from {{ ref('fct_survey_response') }}
    where is_counted and customer_key is not null
),

last_answers as (
    select
        quarters.quarter_start_date,
        answers.customer_key,
        max(case when answers.metric = 'CSAT' then answers.score end) as last_csat_score,
        max(case when answers.metric = 'NPS' then answers.score end) as last_nps_score,
        max(answers.response_date) as last_response_date
    from quarters
    inner join answers
        on
            quarters.next_quarter_start_date > answers.response_date
            and quarters.next_quarter_start_date <= coalesce(answers.next_response_date, cast('9999-12-31' as date))
    group by quarters.quarter_start_date, answers.customer_key
)

select
    ----------  编号
    cast(customer_quarters.customer_key as string) as customer_key,

    ----------  度量
    cast(coalesce(holdings.owned_vehicle_count, 0) as integer) as owned_vehicle_count,
    cast(
        {{ month_number('customer_quarters.quarter_start_date') }} + 2
        - {{ month_number('customer_quarters.known_from_date') }} as integer
    ) as tenure_months,
    cast(coalesce(event_sums.contact_count, 0) as integer) as contact_count,
    cast(coalesce(event_sums.handling_min, 0) as decimal(18, 2)) as handling_min,
    cast(coalesce(event_sums.case_count, 0) as integer) as case_count,
    cast(coalesce(event_sums.voice_count, 0) as integer) as voice_count,
    cast(coalesce(event_sums.negative_voice_count, 0) as integer) as negative_voice_count,
    cast(coalesce(event_sums.visit_count, 0) as integer) as visit_count,
    cast(coalesce(event_sums.order_count, 0) as integer) as order_count,
    cast(coalesce(event_sums.repurchase_count, 0) as integer) as repurchase_count,
    cast(coalesce(policy_sums.policy_end_count, 0) as integer) as policy_end_count,
    cast(coalesce(policy_sums.policy_renewed_count, 0) as integer) as policy_renewed_count,
    cast(last_answers.last_csat_score as integer) as last_csat_score,
    cast(last_answers.last_nps_score as integer) as last_nps_score,

    ----------  是否
    cast(coalesce(holdings.owned_vehicle_count, 0) > 0 as boolean) as is_owner,

    ----------  时间
    cast(last_answers.last_response_date as date) as last_response_date,
    cast(customer_quarters.known_from_date as date) as known_from_date,
    cast(customer_quarters.quarter_start_date as date) as quarter_start_date
from customer_quarters
left join event_sums
    on
        customer_quarters.customer_key = event_sums.customer_key
        and customer_quarters.quarter_start_date = event_sums.quarter_start_date
left join holdings
    on
        customer_quarters.customer_key = holdings.customer_key
        and customer_quarters.quarter_start_date = holdings.quarter_start_date
left join policy_sums
    on
        customer_quarters.customer_key = policy_sums.customer_key
        and customer_quarters.quarter_start_date = policy_sums.quarter_start_date
left join last_answers
    on
        customer_quarters.customer_key = last_answers.customer_key
        and customer_quarters.quarter_start_date = last_answers.quarter_start_date
order by quarter_start_date, customer_key
