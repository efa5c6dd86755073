-- 一行 = 一次客户联络的一个版本。
with source as (
    select * from {{ source('raw', 'crm__contact') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        contact_no,
        contact_channel,
        source_voice_no,
        customer_key,
        phone_key,
        contact_reason,
        aspect_tag,
        cast(handling_min as decimal(18, 6)) as handling_min,
        cast(cost_cny as decimal(18, 2)) as cost_cny,
        case_no,
        cast(is_auto_answered as boolean) as is_auto_answered,
        cast(wait_s as integer) as wait_s,
        cost_centre,
        cast(started_at as timestamp) as started_at,
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
