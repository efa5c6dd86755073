-- 一行 = 一个业务日 × 渠道 × 属性。author_count 是当日去重人数，跨日、跨行不可相加；其余计数可加。
with mentions as (
    select * from {{ ref('fct_feedback_mention') }}
    where {{ in_affected_days('feedback_date', 'feedback') }}
),

voices as (
    select * from {{ ref('fct_feedback') }}
    where {{ in_affected_days('feedback_date', 'feedback') }}
)

select
    cast(voices.channel as string) as channel,
    cast(mentions.aspect_code as string) as aspect_code,
    cast(count(*) as integer) as voice_count,
    cast(count(*) filter (where not voices.is_first_of_repeat_in_day) as integer) as repeat_voice_count,
    cast(count(distinct voices.author_key) as integer) as author_count,
    cast(count(*) filter (where mentions.polarity = 1) as integer) as positive_voice_count,
    cast(count(*) filter (where mentions.polarity = 0) as integer) as neutral_voice_count,
    cast(count(*) filter (where mentions.polarity = -1) as integer) as negative_voice_count,
    cast(count(*) filter (where mentions.is_mixed) as integer) as mixed_voice_count,
    cast(count(*) filter (where mentions.is_safety) as integer) as safety_voice_count,
    cast(sum(mentions.mention_count) as integer) as mention_count,
    cast(sum(mentions.positive_mention_count) as integer) as positive_mention_count,
    cast(sum(mentions.neutral_mention_count) as integer) as neutral_mention_count,
    cast(sum(mentions.negative_mention_count) as integer) as negative_mention_count,
    cast(voices.feedback_date as date) as feedback_date
from mentions
inner join voices
    on mentions.feedback_id = voices.feedback_id
group by voices.feedback_date, voices.channel, mentions.aspect_code
order by feedback_date, channel, aspect_code
