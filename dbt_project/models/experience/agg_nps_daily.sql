-- 一行 = 一个答卷日 × 调研类型 × 触点 × 经销商的 NPS 计数（全部可加）。
-- 只数 0-10 分制；别的分制另计，从不换算。关系 NPS 与触点 NPS 永不同行。
with answers as (
    select * from {{ ref('fct_survey_response') }}
    where metric = 'NPS' and {{ in_affected_days('response_date', 'survey_response') }}
)

select
    cast(survey_type as string) as survey_type,
    cast(coalesce(touchpoint, '未知') as string) as touchpoint,
    cast(coalesce(dealer_code, 'UNKNOWN') as string) as dealer_code,
    cast(count(*) as integer) as answer_count,
    cast(count(*) filter (where is_counted) as integer) as response_count,
    cast(count(*) filter (where nps_group = 'promoter') as integer) as promoter_count,
    cast(count(*) filter (where nps_group = 'passive') as integer) as passive_count,
    cast(count(*) filter (where nps_group = 'detractor') as integer) as detractor_count,
    cast(coalesce(sum(score) filter (where is_counted), 0) as integer) as score_sum,
    cast(count(*) filter (where exclusion_reason = 'other_scale') as integer) as other_scale_count,
    cast(count(*) filter (where exclusion_reason in ('no_score', 'score_outside_scale')) as integer)
        as invalid_score_count,
    cast(response_date as date) as response_date
from answers
group by survey_type, coalesce(touchpoint, '未知'), coalesce(dealer_code, 'UNKNOWN'), response_date
order by response_date, survey_type, touchpoint, dealer_code
