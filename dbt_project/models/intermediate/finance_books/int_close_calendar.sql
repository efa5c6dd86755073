-- 一行 = 一个会计期间的结账日程的现行版本。
{{ current_business_records(
    ref('stg_finance_books__close_calendar'),
    'finance_books__close_calendar',
    [
        'fiscal_period', 'period_start_date', 'period_end_date', 'closed_date', 'close_status', 'updated_at',
    ],
) }}
