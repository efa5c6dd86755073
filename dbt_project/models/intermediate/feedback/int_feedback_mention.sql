-- 一行 = 一条现行反馈记录里的一处属性提及。
{{ rows_of_current_records(
    ref('stg_score__mention'),
    [
        'record_id', 'content_hash', 'mention_seq', 'score_input_hash', 'scorer_version', 'aspect_code', 'polarity',
        'intensity', 'urgency', 'evidence_start', 'evidence_end', 'confidence', 'is_cold_start',
    ],
    'record_id, mention_seq',
    differing=['scorer_version'],
) }}
