-- The evidence of a mention stands in the voice's text where its offsets say.
select mentions.mention_id
from {{ ref('fct_feedback_mention') }} as mentions
inner join {{ ref('fct_feedback') }} as voices
    on mentions.feedback_id = voices.feedback_id
where
    (
        mentions.evidence_text is null
        or mentions.evidence_text = ''
        or mentions.evidence_text <> substring(
            voices.verbatim, mentions.evidence_start + 1, mentions.evidence_end - mentions.evidence_start
        )
    )
    and {{ tested_days('mentions.feedback_date', 'feedback') }}
    and {{ tested_days('voices.feedback_date', 'feedback') }}
