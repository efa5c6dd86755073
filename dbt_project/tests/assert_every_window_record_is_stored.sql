-- Every record of the window stands in int_feedback_record, in its delivered or a newer version.
with delivered as (
    select
        record_id,
        version_key,
        content_hash
    from {{ ref('int_feedback__unioned') }}
),

kept as (
    select
        record_id,
        version_key,
        content_hash
    from {{ ref('int_feedback_record') }}
    where {{ tested_days('voice_date', 'feedback') }}
)

select delivered.record_id
from delivered
left join kept
    on
        delivered.record_id = kept.record_id
        and (
            delivered.version_key < kept.version_key
            or (delivered.version_key = kept.version_key and delivered.content_hash <= kept.content_hash)
        )
where kept.record_id is null
