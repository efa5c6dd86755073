-- 一行 = 最近 90 天内一个涉及安全的声音 × 属性。
with watch_window as (
    select
        as_of,
        as_of - 90 as before_first_date
    from {{ source('ctl', 'run_window') }}
),

mentions as (
    select mentions.*
    from {{ ref('fct_feedback_mention') }} as mentions
    where
        mentions.is_safety
        and mentions.feedback_date > (select watch_window.before_first_date from watch_window)
        and mentions.feedback_date <= (select watch_window.as_of from watch_window)
),

voices as (
    select voices.*
    from {{ ref('fct_feedback') }} as voices
    where voices.feedback_date > (select watch_window.before_first_date from watch_window)
),

aspects as (
    select * from {{ ref('dim_aspect') }}
),

channel_status as (
    select * from {{ source('ctl', 'channel_status') }}
)

select
    cast(mentions.mention_id as string) as mention_id,
    cast(mentions.feedback_id as string) as feedback_id,
    cast(mentions.feedback_date as date) as feedback_date,
    cast(mentions.channel as string) as channel,
    cast(mentions.aspect_code as string) as aspect_code,
    cast(aspects.label_zh as string) as aspect_label_zh,
    cast(aspects.department_zh as string) as department_zh,
    cast(mentions.polarity as integer) as polarity,
    cast(mentions.intensity as integer) as intensity,
    cast(mentions.confidence as decimal(9, 6)) as confidence,
    cast(mentions.is_cold_start as boolean) as is_cold_start,
    cast(voices.author_key as string) as author_key,
    cast(voices.brand_zh as string) as brand_zh,
    cast(voices.series_zh as string) as series_zh,
    cast(voices.model_zh as string) as model_zh,
    cast(voices.repeat_group_id as string) as repeat_group_id,
    cast(mentions.evidence_text as string) as evidence_text,
    cast(voices.verbatim as string) as verbatim,
    cast(voices.occurred_at as timestamp) as occurred_at,
    cast(voices.first_received_at as timestamp) as first_received_at,
    cast(coalesce(channel_status.is_stale, true) as boolean) as is_source_stale
from mentions
inner join voices on mentions.feedback_id = voices.feedback_id
left join aspects on mentions.aspect_code = aspects.aspect_code
left join channel_status on mentions.channel = channel_status.channel
order by feedback_date, mention_id
