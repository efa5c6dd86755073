-- 一行 = 一次进店的一个版本。
with source as (
    select * from {{ source('raw', 'service__service_visit') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        visit_no,
        customer_key,
        phone_key,
        vin_key,
        vin8_key,
        vin_wmi,
        cast(vin_model_year as integer) as vin_model_year,
        vin_plant,
        dealer_code,
        adviser_no,
        visit_reason,
        cast(mileage_km as integer) as mileage_km,
        cast(is_online_booked as boolean) as is_online_booked,
        cast(arrived_at as timestamp) as arrived_at,
        cast(finished_at as timestamp) as finished_at,
        cast(delivered_at as timestamp) as delivered_at,
        cast(customer_paid_incl_tax_cny as decimal(18, 2)) as customer_paid_incl_tax_cny,
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
