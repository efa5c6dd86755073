-- In a closed period the postings of claims, goodwill and contacts equal their control totals to the cent.
{{ config(severity='warn') }}
select
    fiscal_period,
    subject,
    cost_centre,
    entry_kind,
    unallocated_amount_cny
from {{ ref('agg_gl_reconciliation') }}
where is_closed and is_reconciled and unallocated_amount_cny <> 0
