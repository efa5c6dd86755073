-- The other way round: nothing is in fct_feedback that no record says.
select
    voices.feedback_id,
    voices.channel,
    voices.feedback_date
from {{ ref('fct_feedback') }} as voices
left join {{ ref('int_feedback_record') }} as records
    on
        voices.feedback_id = records.feedback_id
        and voices.channel = records.channel
        and voices.feedback_date = records.voice_date
        and records.is_voice
        and not records.is_deleted
where
    records.feedback_id is null
    and {{ tested_days('voices.feedback_date', 'feedback') }}
