-- 一行 = 一个报告日 × 滚动窗口（30 或 90 天，含当日）× 调研类型 × 触点的净推荐值。
-- 区间：多项分布方差的正态近似，95%。样本少于 50 不给出数值，并说明原因。
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
        sum(promoter_count) as promoter_count,
        sum(passive_count) as passive_count,
        sum(detractor_count) as detractor_count,
        sum(other_scale_count) as other_scale_count
    from {{ ref('agg_nps_daily') }}
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
        sum(daily.promoter_count) as promoter_count,
        sum(daily.passive_count) as passive_count,
        sum(daily.detractor_count) as detractor_count,
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
        cast(promoter_count as double) / nullif(response_count, 0) as promoter_share,
        cast(detractor_count as double) / nullif(response_count, 0) as detractor_share
    from rolled
),

estimated as (
    select
        shares.*,
        promoter_share - detractor_share as net_share,
        1.959964 * sqrt(
            (promoter_share + detractor_share - (promoter_share - detractor_share) * (promoter_share - detractor_share))
            / nullif(response_count, 0)
        ) as half_width
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
    cast(promoter_count as integer) as promoter_count,
    cast(passive_count as integer) as passive_count,
    cast(detractor_count as integer) as detractor_count,
    cast(other_scale_count as integer) as other_scale_count,
    {{ rounded('case when not is_suppressed then 100 * net_share end', 9, 2) }} as nps,
    {{ rounded('case when not is_suppressed then greatest(-100, 100 * (net_share - half_width)) end', 9, 2) }}
        as nps_low,
    {{ rounded('case when not is_suppressed then least(100, 100 * (net_share + half_width)) end', 9, 2) }}
        as nps_high,
    cast('multinomial_normal_95' as string) as interval_method,
    cast(is_suppressed as boolean) as is_suppressed,
    cast(case when is_suppressed then '样本少于 {{ minimum_sample() }}' end as string) as suppression_reason_zh,
    cast(coalesce(source_status.is_source_stale, true) as boolean) as is_source_stale
from estimated
cross join source_status
order by report_date, window_days, survey_type, touchpoint
