-- A mention belongs to a voice of the same day and channel.
select mentions.mention_id
from {{ ref('fct_feedback_mention') }} as mentions
left join {{ ref('fct_feedback') }} as voices
    on
        mentions.feedback_id = voices.feedback_id
        and mentions.feedback_date = voices.feedback_date
        and mentions.channel = voices.channel
where
    voices.feedback_id is null
    and {{ tested_days('mentions.feedback_date', 'feedback') }}
