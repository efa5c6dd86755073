-- 一行 = 一笔客户补偿的一个版本。
with source as (
    select * from {{ source('raw', 'crm__goodwill') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        goodwill_no,
        goodwill_kind,
        form,
        customer_key,
        vin_key,
        vin8_key,
        vin_wmi,
        cast(vin_model_year as integer) as vin_model_year,
        vin_plant,
        case_no,
        claim_no,
        aspect_tag,
        cast(amount_cny as decimal(18, 2)) as amount_cny,
        cast(points as decimal(18, 6)) as points,
        status,
        cast(granted_date as date) as granted_date,
        cast(redeemed_date as date) as redeemed_date,
        cast(posted_date as date) as posted_date,
        cast(reversed_date as date) as reversed_date,
        cost_centre,
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
