-- The other way round: the mentions that the scorer counted in a voice's texts are all in fct_feedback_mention.
with texts as (
    select
        feedback_id,
        record_id,
        content_hash
    from {{ ref('int_feedback_text') }}
    where {{ tested_days('voice_date', 'feedback') }}
),

scores as (
    select
        record_id,
        content_hash,
        mention_count
    from {{ ref('int_feedback_score') }}
    where {{ tested_days('voice_date', 'feedback') }}
),

scored as (
    select
        texts.feedback_id,
        sum(scores.mention_count) as mention_count
    from texts
    inner join scores
        on texts.record_id = scores.record_id and texts.content_hash = scores.content_hash
    group by texts.feedback_id
),

counted as (
    select
        feedback_id,
        sum(mention_count) as mention_count
    from {{ ref('fct_feedback_mention') }}
    where {{ tested_days('feedback_date', 'feedback') }}
    group by feedback_id
)

select
    coalesce(scored.feedback_id, counted.feedback_id) as feedback_id,
    scored.mention_count as scored_mention_count,
    counted.mention_count
from scored
full join counted on scored.feedback_id = counted.feedback_id
where coalesce(scored.mention_count, 0) <> coalesce(counted.mention_count, 0)
