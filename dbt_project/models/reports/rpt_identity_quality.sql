-- 一行 = 一个渠道 × 一种对应方式（none = 没有任何键）在报告期内的对应质量。
with report_days as (
    {{ report_days() }}
),

voices as (
    select
        feedback.channel,
        feedback.feedback_id,
        links.person_id,
        links.household_id,
        links.vin_key,
        links.confidence,
        coalesce(links.link_method, 'none') as link_method,
        coalesce(links.is_ambiguous, false) as is_ambiguous,
        coalesce(links.is_staff_suspected, false) as is_staff_suspected
    from {{ ref('fct_feedback') }} as feedback
    left join {{ ref('bridge_feedback_customer') }} as links on feedback.feedback_id = links.feedback_id
    where feedback.feedback_date >= (select min(first_days.report_date) from report_days as first_days)
),

grouped as (
    select
        channel,
        link_method,
        count(*) as feedback_count,
        count(person_id) as person_linked_count,
        sum(case when person_id is null and household_id is not null then 1 else 0 end) as household_linked_count,
        count(vin_key) as vehicle_linked_count,
        sum(case when is_ambiguous then 1 else 0 end) as ambiguous_count,
        sum(case when is_staff_suspected then 1 else 0 end) as staff_suspected_count,
        sum(case when person_id is not null then cast(confidence as decimal(18, 6)) end) as confidence_sum,
        sum(case when person_id is not null then cast(1 - confidence as decimal(18, 6)) else 0 end) as doubt_sum
    from voices
    group by channel, link_method
),

totals as (
    select
        channel,
        sum(feedback_count) as channel_feedback_count
    from grouped
    group by channel
)

select
    cast(run_window.as_of as date) as as_of,
    cast(grouped.channel as string) as channel,
    cast(grouped.link_method as string) as link_method,
    cast(grouped.feedback_count as bigint) as feedback_count,
    cast(totals.channel_feedback_count as bigint) as channel_feedback_count,
    {{ rounded('grouped.feedback_count / nullif(totals.channel_feedback_count, 0)', 9, 6) }} as feedback_share,
    cast(grouped.person_linked_count as bigint) as person_linked_count,
    cast(grouped.household_linked_count as bigint) as household_linked_count,
    cast(grouped.vehicle_linked_count as bigint) as vehicle_linked_count,
    cast(grouped.ambiguous_count as bigint) as ambiguous_count,
    cast(grouped.staff_suspected_count as bigint) as staff_suspected_count,
    {{ rounded('grouped.confidence_sum / nullif(grouped.person_linked_count, 0)', 9, 6) }} as mean_confidence,
    cast(grouped.doubt_sum as decimal(18, 2)) as expected_wrong_count
from grouped
inner join totals on grouped.channel = totals.channel
cross join {{ source('ctl', 'run_window') }} as run_window
