-- 一行 = 一次 App 账号绑定的一个版本。
with source as (
    select * from {{ source('raw', 'crm__app_account') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        account_no,
        app_account_key,
        customer_key,
        phone_key,
        vin_key,
        vin8_key,
        vin_wmi,
        cast(vin_model_year as integer) as vin_model_year,
        vin_plant,
        cast(bound_at as timestamp) as bound_at,
        cast(unbound_at as timestamp) as unbound_at,
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
