-- 一行 = 一场营销活动的一个版本。
with source as (
    select * from {{ source('raw', 'crm__campaign') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        campaign_no,
        campaign_name_zh,
        claim_text,
        aspect_tag,
        vehicle_model_code,
        medium,
        cast(spend_cny as decimal(18, 2)) as spend_cny,
        brand_side,
        brand_zh,
        service_script,
        cast(start_date as date) as start_date,
        cast(end_date as date) as end_date,
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
