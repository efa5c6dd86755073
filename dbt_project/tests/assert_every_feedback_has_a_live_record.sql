-- The other way round: nothing is in fct_feedback that no record says.
with voices as (
    select
        feedback_id,
        channel,
        feedback_date
    from {{ ref('fct_feedback') }}
    where {{ tested_days('feedback_date', 'feedback') }}
),

live_records as (
    select
        feedback_id,
        channel,
        voice_date
    from {{ ref('int_feedback_record') }}
    where is_voice and not is_deleted and {{ tested_days('voice_date', 'feedback') }}
)

select
    voices.feedback_id,
    voices.channel,
    voices.feedback_date
from voices
left join live_records
    on
        voices.feedback_id = live_records.feedback_id
        and voices.channel = live_records.channel
        and voices.feedback_date = live_records.voice_date
where live_records.feedback_id is null
