-- A mention belongs to a voice of the same day and channel.
with mentions as (
    select
        mention_id,
        feedback_id,
        channel,
        feedback_date
    from {{ ref('fct_feedback_mention') }}
    where {{ tested_days('feedback_date', 'feedback') }}
),

voices as (
    select
        feedback_id,
        channel,
        feedback_date
    from {{ ref('fct_feedback') }}
    where {{ tested_days('feedback_date', 'feedback') }}
)

select mentions.mention_id
from mentions
left join voices
    on
        mentions.feedback_id = voices.feedback_id
        and mentions.feedback_date = voices.feedback_date
        and mentions.channel = voices.channel
where voices.feedback_id is null
