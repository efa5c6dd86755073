-- 一行 = 一个会计期间、科目、成本中心与口径的总账控制数的一个版本。
with source as (
    select * from {{ source('raw', 'finance_books__gl_control_total') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        fiscal_period,
        cast(period_start_date as date) as period_start_date,
        account_code,
        account_name_zh,
        cost_centre,
        entry_kind,
        cast(amount_cny as decimal(18, 2)) as amount_cny,
        currency,
        cast(updated_at as timestamp) as updated_at,

        ----------  时间
        event_at,
        event_date,
        event_basis,
        received_at,
        ingest_date,

        ----------  血缘
        delivery_id,
        record_ordinal,
        is_deleted,
        contract_version,
        masker_version
    from source
)

select * from renamed
