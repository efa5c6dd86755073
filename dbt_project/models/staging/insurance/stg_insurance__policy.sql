-- 一行 = 一张保单的一个险种的一个版本。
with source as (
    select * from {{ source('raw', 'insurance__policy') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        policy_no,
        policy_kind,
        vin_key,
        vin8_key,
        vin_wmi,
        cast(vin_model_year as integer) as vin_model_year,
        vin_plant,
        customer_key,
        phone_key,
        sold_by,
        dealer_code,
        renewal_kind,
        cast(premium_incl_tax_cny as decimal(18, 2)) as premium_incl_tax_cny,
        cast(tax_rate as decimal(18, 6)) as tax_rate,
        cast(commission_incl_tax_cny as decimal(18, 2)) as commission_incl_tax_cny,
        status,
        cast(start_date as date) as start_date,
        cast(end_date as date) as end_date,
        cast(signed_date as date) as signed_date,
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
