-- Every record has one current version, and it is the content the record has.
with current_versions as (
    select
        record_id,
        content_hash,
        feedback_date
    from {{ ref('fct_feedback_version') }}
    where is_current and {{ tested_days('feedback_date', 'feedback') }}
),

records as (
    select
        record_id,
        content_hash,
        voice_date
    from {{ ref('int_feedback_record') }}
    where {{ tested_days('voice_date', 'feedback') }}
)

select
    coalesce(current_versions.record_id, records.record_id) as record_id,
    current_versions.content_hash as version_hash,
    records.content_hash as record_hash
from current_versions
full join records
    on
        current_versions.record_id = records.record_id
        and current_versions.content_hash = records.content_hash
        and current_versions.feedback_date = records.voice_date
where current_versions.record_id is null or records.record_id is null
