-- 一行 = 一辆车主数据的一个版本。
with source as (
    select * from {{ source('raw', 'customers_vehicles__vehicle') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        vin_key,
        vin8_key,
        vin_wmi,
        cast(vin_model_year as integer) as vin_model_year,
        vin_plant,
        customer_key,
        plate_key,
        vehicle_model_code,
        dealer_code,
        cast(build_date as date) as build_date,
        cast(sold_date as date) as sold_date,
        usage_kind,
        cast(warranty_start_date as date) as warranty_start_date,
        cast(scrapped_date as date) as scrapped_date,
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
