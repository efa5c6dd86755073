-- 一行 = 一个会计期间、科目、成本中心与口径的总账控制数的现行版本。
{{ current_business_records(
    ref('stg_finance_books__gl_control_total'),
    'finance_books__gl_control_total',
    [
        'fiscal_period', 'period_start_date', 'account_code', 'account_name_zh', 'cost_centre', 'entry_kind',
        'amount_cny', 'currency', 'updated_at',
    ],
) }}
