-- 一行 = 一条销售线索的一个版本。
with source as (
    select * from {{ source('raw', 'crm__lead') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        lead_no,
        customer_key,
        phone_key,
        dealer_code,
        vehicle_model_code,
        lead_source,
        referrer_key,
        campaign_no,
        status,
        lost_reason_zh,
        lost_to_brand_zh,
        order_no,
        cast(closed_date as date) as closed_date,
        cast(created_at as timestamp) as created_at,
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
