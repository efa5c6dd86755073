-- 一行 = 一份答卷一个指标的现行版本（现行与否由 int_feedback_record 一处决定）。
{{ rows_of_current_records(
    ref('stg_survey__response'),
    [
        'record_id', 'content_hash', 'feedback_id', 'response_no', 'invitation_no', 'metric', 'scale', 'score',
        'verbatim', 'submitted_at', 'received_at', 'is_deleted',
    ],
    'record_id',
    differing=['received_at', 'is_deleted'],
) }}
