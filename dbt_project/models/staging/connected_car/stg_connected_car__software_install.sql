-- 一行 = 一辆车的一次软件安装的一个版本。
with source as (
    select * from {{ source('raw', 'connected_car__software_install') }}
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
        software_version,
        ota_release_no,
        install_result,
        cast(installed_at as timestamp) as installed_at,
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
