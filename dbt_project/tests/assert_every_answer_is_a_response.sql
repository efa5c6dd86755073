-- Survey answers that are not withdrawn are in fct_survey_response once each, on their day.
with answers as (
    select
        record_id,
        voice_date
    from {{ ref('int_feedback_record') }}
    where channel = 'survey' and not is_deleted and {{ tested_days('voice_date', 'survey_response') }}
),

responses as (
    select
        response_id,
        response_date
    from {{ ref('fct_survey_response') }}
    where {{ tested_days('response_date', 'survey_response') }}
)

select
    coalesce(answers.record_id, responses.response_id) as response_id,
    answers.voice_date,
    responses.response_date
from answers
full join responses
    on answers.record_id = responses.response_id and answers.voice_date = responses.response_date
where answers.record_id is null or responses.response_id is null
