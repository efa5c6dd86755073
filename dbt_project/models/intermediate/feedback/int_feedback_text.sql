-- 一行 = 一个声音的一段不同的原声（同一原声在多条记录里只算一段），按次序排好并给出它在整段原声中的起点。
-- 次序：会话按来源的次序（record_seq），来源没有次序的按收到的先后。
with bearers as (
    select
        feedback_id,
        voice_date,
        record_id,
        content_hash,
        received_at,
        record_seq,
        verbatim
    from {{ ref('int_feedback_record') }}
    where is_text_bearer and {{ in_affected_days('voice_date', 'feedback') }}
),

ordered as (
    select
        bearers.*,
        row_number() over (
            partition by feedback_id
            order by
                record_seq asc nulls last, received_at asc nulls last, content_hash asc nulls last,
                record_id asc nulls last
        ) as text_seq
    from bearers
)

select
    feedback_id,
    voice_date,
    record_id,
    content_hash,
    cast(text_seq as integer) as text_seq,
    verbatim,
    -- One line feed stands between two texts.
    cast(coalesce(sum(length(verbatim) + 1) over (
        partition by feedback_id
        order by text_seq asc nulls last
        rows between unbounded preceding and 1 preceding
    ), 0) as integer) as text_start
from ordered
order by voice_date, feedback_id, text_seq
