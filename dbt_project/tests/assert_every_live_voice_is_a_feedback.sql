-- A voice with a record that is not withdrawn is in fct_feedback, on its day and under its channel.
with live_records as (
    select
        feedback_id,
        channel,
        voice_date
    from {{ ref('int_feedback_record') }}
    where is_voice and not is_deleted and {{ tested_days('voice_date', 'feedback') }}
),

voices as (
    select
        feedback_id,
        channel,
        feedback_date
    from {{ ref('fct_feedback') }}
    where {{ tested_days('feedback_date', 'feedback') }}
)

select
    live_records.feedback_id,
    live_records.channel,
    live_records.voice_date
from live_records
left join voices
    on
        live_records.feedback_id = voices.feedback_id
        and live_records.channel = voices.channel
        and live_records.voice_date = voices.feedback_date
where voices.feedback_id is null
