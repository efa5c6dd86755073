-- 一行 = 一张投诉工单的一个版本。
with source as (
    select * from {{ source('raw', 'crm__complaint_case') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        case_no,
        customer_key,
        vin_key,
        vin8_key,
        vin_wmi,
        cast(vin_model_year as integer) as vin_model_year,
        vin_plant,
        source_channel,
        aspect_tag,
        cast(severity as integer) as severity,
        status,
        cast(first_responded_at as timestamp) as first_responded_at,
        cast(resolved_at as timestamp) as resolved_at,
        cast(closed_at as timestamp) as closed_at,
        resolution,
        cast(is_confirmed_by_customer as boolean) as is_confirmed_by_customer,
        team,
        cast(opened_at as timestamp) as opened_at,
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
