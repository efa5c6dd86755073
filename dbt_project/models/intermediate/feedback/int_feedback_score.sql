-- 一行 = 一条现行反馈记录的打分结果，按记录与内容对上现行版本。
{{ rows_of_current_records(
    ref('stg_score__text'),
    [
        'record_id', 'content_hash', 'score_input_hash', 'scorer_version', 'taxonomy_version', 'lexicon_version',
        'scored_at', 'sentiment_polarity', 'sentiment_score', 'urgency', 'confidence', 'mention_count',
        'is_cold_start', 'is_abstained', 'text_char_count', 'customer_char_count', 'text_repaired', 'text_repairs',
        'noise_reason', 'noise_confidence',
    ],
    'record_id',
    differing=['scored_at'],
) }}
