-- 一行 = 一次调研邀请的一个版本。
with source as (
    select * from {{ source('raw', 'survey__invitation') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        invitation_no,
        customer_key,
        phone_key,
        vin_key,
        vin8_key,
        vin_wmi,
        cast(vin_model_year as integer) as vin_model_year,
        vin_plant,
        dealer_code,
        touchpoint,
        invite_channel,
        status,
        instrument,
        wave_no,
        cast(is_probe as boolean) as is_probe,
        cast(is_repeat as boolean) as is_repeat,
        first_response_no,
        cast(invited_at as timestamp) as invited_at,
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
