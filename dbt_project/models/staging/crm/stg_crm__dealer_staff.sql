-- 一行 = 一位经销商人员的一个版本。
with source as (
    select * from {{ source('raw', 'crm__dealer_staff') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        staff_no,
        dealer_code,
        phone_key,
        role,
        cast(joined_date as date) as joined_date,
        cast(left_date as date) as left_date,
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
