-- 一行 = 一个零件一个仓库一日的库存的一个版本。
with source as (
    select * from {{ source('raw', 'parts__part_stock') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        part_code,
        warehouse_code,
        cast(on_hand as integer) as on_hand,
        cast(backorder as integer) as backorder,
        cast(stock_date as date) as stock_date,
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
