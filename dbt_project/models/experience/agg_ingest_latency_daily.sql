-- 一行 = 一个声音业务日 × 渠道的收数时效：从发生到首次收到、从发生到最早可入报表的时长。
-- 来源只有日期的从当日结束（上海）算起；来源没有时间的不计时（measured_count 不含）。
-- 可入报表 = 首次收到当日（上海）结束，即能收进它的最早一次 as_of；只取决于交付清单，不看运行的钟。
with first_sightings as (
    select
        feedback_id,
        min(valid_from) as first_seen_at
    from {{ ref('fct_feedback_version') }}
    where {{ in_affected_days('feedback_date', 'feedback') }}
    group by feedback_id
),

voices as (
    select
        fct_feedback.channel,
        fct_feedback.feedback_date,
        fct_feedback.customer_key is not null
        or fct_feedback.account_key is not null
        or fct_feedback.phone_key is not null
        or fct_feedback.mail_key is not null as has_person_key,
        fct_feedback.vin_key is not null
        or fct_feedback.vin8_key is not null
        or fct_feedback.plate_key is not null as has_vehicle_key,
        case fct_feedback.occurred_at_basis
            when 'source_time' then fct_feedback.occurred_at
            when 'source_date' then cast(fct_feedback.feedback_date as timestamp) + interval '16' hour
        end as happened_at,
        first_sightings.first_seen_at,
        cast({{ shanghai_date('first_sightings.first_seen_at') }} as timestamp) + interval '16' hour as in_mart_at
    from {{ ref('fct_feedback') }} as fct_feedback
    inner join first_sightings on fct_feedback.feedback_id = first_sightings.feedback_id
    where {{ in_affected_days('fct_feedback.feedback_date', 'feedback') }}
),

timed as (
    select
        voices.*,
        greatest(0, {{ seconds_between('happened_at', 'first_seen_at') }}) as receipt_s,
        greatest(0, {{ seconds_between('happened_at', 'in_mart_at') }}) as mart_s
    from voices
)

select
    cast(channel as string) as channel,
    cast(count(*) as integer) as voice_count,
    cast(count(*) filter (where has_person_key) as integer) as person_keyed_count,
    cast(count(*) filter (where has_vehicle_key) as integer) as vehicle_keyed_count,
    cast(count(happened_at) as integer) as measured_count,
    cast(count(*) filter (where happened_at is not null and receipt_s > 86400) as integer) as late_count,
    {% for measure in ['receipt', 'mart'] %}
    {% for share in ['0.5', '0.9', '0.99'] %}
    {% set timed_only = 'order by case when happened_at is not null then ' ~ measure ~ '_s end' %}
    {% set seconds = 'percentile_disc(' ~ share ~ ') within group (' ~ timed_only ~ ')' %}
    {{ rounded(seconds ~ ' / 3600.0', 12, 2) }} as {{ measure }}_p{{ (share ~ '0')[2:4] }}_h,
    {% endfor %}
    {% endfor %}
    cast(feedback_date as date) as feedback_date
from timed
group by feedback_date, channel
order by feedback_date, channel
