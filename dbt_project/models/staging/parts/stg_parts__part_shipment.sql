-- 一行 = 一条备件发运行的一个版本。
with source as (
    select * from {{ source('raw', 'parts__part_shipment') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        shipment_no,
        cast(line_no as integer) as line_no,
        part_code,
        supplier_code,
        dealer_code,
        cast(quantity as integer) as quantity,
        cast(is_urgent as boolean) as is_urgent,
        cast(ordered_date as date) as ordered_date,
        cast(shipped_date as date) as shipped_date,
        cast(received_date as date) as received_date,
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
