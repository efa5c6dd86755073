-- Every record that carries a text has a score of that very text.
with records as (
    select
        record_id,
        content_hash,
        score_input_hash
    from {{ ref('int_feedback_record') }}
    where score_input_hash is not null and {{ tested_days('voice_date', 'feedback') }}
),

scores as (
    select
        record_id,
        content_hash,
        score_input_hash
    from {{ ref('int_feedback_score') }}
    where {{ tested_days('voice_date', 'feedback') }}
)

select records.record_id
from records
left join scores
    on
        records.record_id = scores.record_id
        and records.content_hash = scores.content_hash
        and records.score_input_hash = scores.score_input_hash
where scores.record_id is null
