-- A voice with a record that is not withdrawn is in fct_feedback, on its day and under its channel.
select
    records.feedback_id,
    records.channel,
    records.voice_date
from {{ ref('int_feedback_record') }} as records
left join {{ ref('fct_feedback') }} as voices
    on
        records.feedback_id = voices.feedback_id
        and records.channel = voices.channel
        and records.voice_date = voices.feedback_date
where
    records.is_voice
    and not records.is_deleted
    and voices.feedback_id is null
    and {{ tested_days('records.voice_date', 'feedback') }}
