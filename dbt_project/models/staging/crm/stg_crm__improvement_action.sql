-- 一行 = 一项改进措施的一个版本。
with source as (
    select * from {{ source('raw', 'crm__improvement_action') }}
),

renamed as (
    select
        ----------  编号
        record_id,
        version_key,
        content_hash,

        ----------  契约字段
        action_no,
        action_name_zh,
        action_kind,
        aspect_tag,
        vehicle_model_code,
        scope,
        cast(cost_cny as decimal(18, 2)) as cost_cny,
        cast(start_date as date) as start_date,
        cast(end_date as date) as end_date,
        ota_release_no,
        owner_department,
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
