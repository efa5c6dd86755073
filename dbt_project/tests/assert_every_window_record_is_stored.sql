-- Every record of the window stands in int_feedback_record, in its delivered or a newer version.
select delivered.record_id
from {{ ref('int_feedback__unioned') }} as delivered
left join {{ ref('int_feedback_record') }} as stored
    on
        delivered.record_id = stored.record_id
        and (
            stored.version_key > delivered.version_key
            or (stored.version_key = delivered.version_key and stored.content_hash >= delivered.content_hash)
        )
where stored.record_id is null
