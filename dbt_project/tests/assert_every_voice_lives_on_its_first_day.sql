-- All records of a voice stand on one day: the earliest of their event days.
select feedback_id
from {{ ref('int_feedback_record') }}
where {{ tested_days('voice_date', 'feedback') }}
group by feedback_id
having min(event_date) <> min(voice_date) or min(voice_date) <> max(voice_date)
