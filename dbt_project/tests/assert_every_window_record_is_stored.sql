-- Every record of the window stands in int_feedback_record, in its delivered or a newer version.
select delivered.record_id
from {{ ref('int_feedback__unioned') }} as delivered
left join {{ ref('int_feedback_record') }} as kept
    on
        delivered.record_id = kept.record_id
        and (
            delivered.version_key < kept.version_key
            or (delivered.version_key = kept.version_key and delivered.content_hash <= kept.content_hash)
        )
where kept.record_id is null
