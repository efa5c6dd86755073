-- 一行 = 一辆车一个月的用量的一个版本。
with source as (
    select * from {{ source('raw', 'connected_car__vehicle_usage') }}
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
        cast(usage_month as date) as usage_month,
        cast(odometer_km as integer) as odometer_km,
        cast(distance_km as integer) as distance_km,
        cast(active_days as integer) as active_days,
        cast(app_open_days as integer) as app_open_days,
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
