-- Every record that carries a text has a score of that very text.
select records.record_id
from {{ ref('int_feedback_record') }} as records
left join {{ ref('int_feedback_score') }} as scores
    on
        records.record_id = scores.record_id
        and records.content_hash = scores.content_hash
        and records.score_input_hash = scores.score_input_hash
where
    records.score_input_hash is not null
    and scores.record_id is null
    and {{ tested_days('records.voice_date', 'feedback') }}
