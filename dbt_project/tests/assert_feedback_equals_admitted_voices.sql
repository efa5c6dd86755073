-- Per channel and day: as many voices as different voice keys among the live records, as many
-- records behind them as there are, and as many different texts.
with voices as (
    select
        channel,
        feedback_date,
        count(*) as voice_count,
        sum(record_count) as record_count,
        sum(text_count) as text_count
    from {{ ref('fct_feedback') }}
    where {{ tested_days('feedback_date', 'feedback') }}
    group by channel, feedback_date
),

records as (
    select
        channel,
        voice_date as feedback_date,
        count(distinct feedback_id) as voice_count,
        count(*) as record_count,
        count(distinct concat_ws('|', feedback_id, score_input_hash)) filter (where score_input_hash is not null)
            as text_count
    from {{ ref('int_feedback_record') }}
    where is_voice and not is_deleted and {{ tested_days('voice_date', 'feedback') }}
    group by channel, voice_date
)

select
    coalesce(voices.channel, records.channel) as channel,
    coalesce(voices.feedback_date, records.feedback_date) as feedback_date,
    voices.voice_count,
    records.voice_count as admitted_voice_count
from voices
full join records
    on voices.channel = records.channel and voices.feedback_date = records.feedback_date
where
    coalesce(voices.voice_count, 0) <> coalesce(records.voice_count, 0)
    or coalesce(voices.record_count, 0) <> coalesce(records.record_count, 0)
    or coalesce(voices.text_count, 0) <> coalesce(records.text_count, 0)
