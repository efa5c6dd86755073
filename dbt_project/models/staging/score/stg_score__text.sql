-- 一行 = 一条记录一个内容版本的打分结果。
with source as (
    select * from {{ source('raw', 'score_text') }}
),

renamed as (
    select
        record_id,
        content_hash,
        score_input_hash,
        scorer_version,
        taxonomy_version,
        lexicon_version,
        scored_at,
        cast(sentiment_polarity as integer) as sentiment_polarity,
        cast(sentiment_score as decimal(9, 6)) as sentiment_score,
        urgency,
        cast(confidence as decimal(9, 6)) as confidence,
        cast(mention_count as integer) as mention_count,
        is_cold_start,
        is_abstained,
        cast(text_char_count as integer) as text_char_count,
        cast(customer_char_count as integer) as customer_char_count,
        text_repaired,
        text_repairs,
        noise_reason,
        cast(noise_confidence as decimal(9, 6)) as noise_confidence
    from source
)

select * from renamed
