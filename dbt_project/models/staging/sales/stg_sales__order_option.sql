-- 一行 = 一张订单的一个选装的一个版本。
with source as (
    select * from {{ source('raw', 'sales__order_option') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        order_no,
        option_code,
        option_name_zh,
        cast(is_offered_only as boolean) as is_offered_only,
        cast(is_taken as boolean) as is_taken,
        cast(price_incl_tax_cny as decimal(18, 2)) as price_incl_tax_cny,
        cast(margin_cny as decimal(18, 2)) as margin_cny,
        cast(chosen_at as timestamp) as chosen_at,
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
