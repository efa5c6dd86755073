-- 一行 = 一条记录一个内容版本里的一处属性提及。
with source as (
    select * from {{ source('raw', 'score_mention') }}
),

renamed as (
    select
        record_id,
        content_hash,
        score_input_hash,
        scorer_version,
        cast(mention_seq as integer) as mention_seq,
        aspect_code,
        cast(polarity as integer) as polarity,
        cast(intensity as integer) as intensity,
        urgency,
        cast(evidence_start as integer) as evidence_start,
        cast(evidence_end as integer) as evidence_end,
        cast(confidence as decimal(9, 6)) as confidence,
        is_cold_start
    from source
)

select * from renamed
