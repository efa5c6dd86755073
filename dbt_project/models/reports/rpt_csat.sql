-- 一行 = 一个报告日 × 滚动窗口（30 或 90 天，含当日）× 调研类型 × 触点的满意率（前两档）。
-- 区间：Wilson，95%。样本少于 50 不给出数值，并说明原因。
with report_days as (
    {{ report_days() }}
),

windows as (
    {{ rolling_windows() }}
),

daily as (
    select
        response_date,
        survey_type,
        touchpoint,
        sum(answer_count) as answer_count,
        sum(response_count) as response_count,
        sum(top_two_count) as top_two_count,
        sum(score_sum) as score_sum,
        sum(other_scale_count) as other_scale_count
    from {{ ref('agg_csat_daily') }}
    where response_date > (select min(first_days.report_date) - 90 from report_days as first_days)
    group by response_date, survey_type, touchpoint
),

rolled as (
    select
        report_days.report_date,
        windows.window_days,
        daily.survey_type,
        daily.touchpoint,
        sum(daily.answer_count) as answer_count,
        sum(daily.response_count) as response_count,
        sum(daily.top_two_count) as top_two_count,
        sum(daily.score_sum) as score_sum,
        sum(daily.other_scale_count) as other_scale_count
    from report_days
    cross join windows
    inner join daily
        on
            report_days.report_date >= daily.response_date
            and report_days.report_date - windows.window_days < daily.response_date
    group by report_days.report_date, windows.window_days, daily.survey_type, daily.touchpoint
),

shares as (
    select
        rolled.*,
        response_count < {{ minimum_sample() }} as is_suppressed,
        cast(response_count as double) as n,
        cast(top_two_count as double) / nullif(response_count, 0) as rate
    from rolled
),

-- Wilson: centre and half width, both over 1 + z²/n, with z² = 3.841459.
estimated as (
    select
        shares.*,
        (rate + 1.9207295 / nullif(n, 0)) / (1 + 3.841459 / nullif(n, 0)) as centre,
        1.959964 * sqrt(rate * (1 - rate) / nullif(n, 0) + 0.96036475 / nullif(n * n, 0))
        / (1 + 3.841459 / nullif(n, 0)) as half_width
    from shares
),

-- Without fresh answers the last days of a window are empty, not good.
source_status as (
    select bool_or(channel_status.is_stale) as is_source_stale
    from {{ source('ctl', 'channel_status') }} as channel_status
    where channel_status.channel = 'survey'
)

select
    cast(report_date as date) as report_date,
    cast(window_days as integer) as window_days,
    cast(survey_type as string) as survey_type,
    cast(touchpoint as string) as touchpoint,
    cast(answer_count as integer) as answer_count,
    cast(response_count as integer) as response_count,
    cast(top_two_count as integer) as top_two_count,
    cast(other_scale_count as integer) as other_scale_count,
    {{ rounded('case when not is_suppressed then rate end', 9, 4) }} as top_two_rate,
    {{ rounded('case when not is_suppressed then greatest(0, centre - half_width) end', 9, 4) }} as top_two_rate_low,
    {{ rounded('case when not is_suppressed then least(1, centre + half_width) end', 9, 4) }} as top_two_rate_high,
    {{ rounded('case when not is_suppressed then score_sum / nullif(n, 0) end', 9, 4) }} as mean_score,
    cast('wilson_95' as string) as interval_method,
    cast(is_suppressed as boolean) as is_suppressed,
    cast(case when is_suppressed then '样本少于 {{ minimum_sample() }}' end as string) as suppression_reason_zh,
    cast(coalesce(source_status.is_source_stale, true) as boolean) as is_source_stale
from estimated
cross join source_status
order by report_date, window_days, survey_type, touchpoint
